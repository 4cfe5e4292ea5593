"""Pass and Fail in Django admin: each a page of its own that says what will follow, and asks for a reason."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.widgets import AdminTextareaWidget
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from proctoring_results import permissions
from proctoring_results.conf import conf
from proctoring_results.database import in_transaction
from proctoring_results.exceptions import InvalidInput, NotFound, ProctoringResultsError, StaleDecision
from proctoring_results.models import ExamAttempt
from proctoring_results.providers.registry import provider_named
from proctoring_results.queries.preview import Seen, obstacle_to, preview_decision
from proctoring_results.rules import full_status_label
from proctoring_results.services.decisions import FAIL, PASS, VERDICTS, Verdict
from proctoring_results.services.selection import (
    MAX_SELECTED,
    Candidate,
    Outcome,
    Selection,
    pass_selection,
    preview_selection,
    read_tokens,
    refuse_too_many,
)

from .people import PeopleAdmin
from .timeline import lines_of

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        widget=AdminTextareaWidget(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept for good in the history of the attempt. The learner does not see it."),
    )

    def __init__(self, *args: Any, needs_category: bool = False, **options: Any) -> None:
        super().__init__(*args, **options)
        if categories := conf().REASON_CATEGORIES:
            choices = [("", _("None")), *categories.items()]
            self.fields["category"] = forms.ChoiceField(label=_("Category"), required=needs_category, choices=choices)

    @property
    def written(self) -> dict[str, str]:
        return {name: self.cleaned_data.get(name, "") for name in ("reason", "category")}


class DecisionForm(ReasonForm):
    """With what the page showed: nothing where it showed no change, or no review."""

    seen_change = forms.IntegerField(required=False, widget=forms.HiddenInput)
    seen_review = forms.IntegerField(required=False, widget=forms.HiddenInput)
    seen_appeal = forms.IntegerField(required=False, widget=forms.HiddenInput)

    @property
    def seen(self) -> Seen:
        return Seen(*(self.cleaned_data[name] for name in ("seen_change", "seen_review", "seen_appeal")))


class DecisionPages(PeopleAdmin):
    """The admin of attempts, as far as it decides."""

    actions = ["pass_selected"]

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        name = "proctoring_results_examattempt"
        return [
            path("<int:pk>/decide/<str:verdict>/", view(self.decide_view), name=f"{name}_decide"),
            # Not in the request's own transaction: each attempt is decided in one of its own.
            path(
                "pass-selected/",
                transaction.non_atomic_requests(view(self.pass_selected_view)),
                name=f"{name}_pass_selected",
            ),
            *super().get_urls(),
        ]

    def verdicts_for(self, request: HttpRequest, attempt: ExamAttempt) -> list[tuple[Verdict, str]]:
        """The buttons on an attempt's page, with their addresses; none for those who may not decide."""
        if not permissions.may_decide(request.user, attempt):
            return []
        return [
            (verdict, self.page_url("decide", attempt.pk, verdict.name))
            for verdict in VERDICTS.values()
            if obstacle_to(attempt, verdict.to) is None
        ]

    # ------------------------------------------------------------------------------------------------------ one attempt

    def decide_view(self, request: HttpRequest, pk: int, verdict: str) -> HttpResponse:
        attempt = self._attempt_to_decide(request, pk)
        if verdict not in VERDICTS:
            raise Http404
        form_of = partial(DecisionForm, needs_category=VERDICTS[verdict].needs_category)
        form, status = form_of(request.POST if request.method == "POST" else None), 200
        if request.method == "POST" and form.is_valid():
            try:
                return self._decide(request, attempt, VERDICTS[verdict], form)
            except StaleDecision as error:
                messages.error(request, str(error))
                # The page is fresh now, and so is what it has shown; the reason is kept.
                form, status = form_of(initial=form.written), 409
            except InvalidInput as error:
                form.add_error(error.field, error.problem)
            except ProctoringResultsError as error:
                messages.error(request, str(error))
                return HttpResponseRedirect(self.page_url("change", attempt.pk))
        return self._decision_page(request, attempt, VERDICTS[verdict], form, status)

    def _attempt_to_decide(self, request: HttpRequest, pk: int) -> ExamAttempt:
        attempt = ExamAttempt.objects.select_related("exam").filter(pk=pk).first()
        if not self.has_view_permission(request, attempt):
            raise PermissionDenied
        if attempt is None:
            raise Http404
        if not permissions.may_decide(request.user, attempt):
            raise PermissionDenied
        return attempt

    def _decide(self, request: HttpRequest, attempt: ExamAttempt, verdict: Verdict, form: DecisionForm) -> HttpResponse:
        sentence = self._decide_and_log(
            request, verdict, attempt.attempt_code, by=_person(request), seen=form.seen, **form.written
        )
        messages.success(request, sentence)
        return HttpResponseRedirect(self.page_url("change", attempt.pk))

    @in_transaction
    def _decide_and_log(
        self,
        request: HttpRequest,
        verdict: Verdict,
        code: str,
        /,
        *,
        by: AbstractBaseUser,
        reason: str,
        category: str,
        seen: Seen | None,
    ) -> str:
        """Decide, add a line to the admin's own history, and return a sentence about both statuses."""
        attempt = verdict.decide(code, by=by, reason=reason, category=category, seen=seen)
        change = attempt.changes.latest("pk")
        params = {
            "verdict": verdict.label,
            "start": full_status_label(change.from_status),
            "to": full_status_label(change.to_status),
        }
        if change.from_status == change.to_status:
            sentence = _("Decided %(verdict)s: the attempt stays “%(to)s”.") % params
        else:
            sentence = _("Decided %(verdict)s: the attempt was “%(start)s” and is “%(to)s” now.") % params
        # Without the reason: it stands in the attempt's history alone, where an erasure finds it.
        self.log_change(request, attempt, sentence)
        return sentence

    def _decision_page(
        self, request: HttpRequest, attempt: ExamAttempt, verdict: Verdict, form: DecisionForm, status: int
    ) -> HttpResponse:
        # Before everything else on the page: a change in between makes the page stale, and is noticed.
        preview = preview_decision(attempt.attempt_code, verdict.to)
        if not form.is_bound:
            seen = preview.seen
            form.initial.update(seen_change=seen.change_id, seen_review=seen.review_id, seen_appeal=seen.appeal_id)
        other = FAIL if verdict is PASS else PASS
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": verdict.question,
            "attempt": preview.attempt,
            "preview": preview,
            "verdict": verdict,
            "other": other,
            "other_url": self.page_url("decide", attempt.pk, other.name),
            "form": form,
            "media": self.media + form.media,
            "provider_decides": provider_named(attempt.provider).policy.provider_does_second_reviews,
            "lines": lines_of(self.admin_site, request, preview.attempt),
        }
        return TemplateResponse(request, "admin/proctoring_results/examattempt/decide.html", context, status=status)

    # ------------------------------------------------------------------------------------------------------ a selection

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """For every course, or for the one that the list is narrowed to; the page asks again for each attempt."""
        return permissions.may(request.user, permissions.DECIDE_ATTEMPT, request.GET.get("course", ""))

    @admin.action(description=gettext_lazy("Pass the selected attempts…"), permissions=["decide"])
    def pass_selected(self, request: HttpRequest, queryset: QuerySet[ExamAttempt]) -> HttpResponse | None:
        pks = list(queryset.order_by("-pk").values_list("pk", flat=True)[: MAX_SELECTED + 1])
        try:
            refuse_too_many(pks)
        except InvalidInput as error:
            self.message_user(request, error.problem, messages.ERROR)
            return None
        filters = self.get_preserved_filters(request)
        return HttpResponseRedirect(f"{self.page_url('pass_selected')}?chosen={','.join(map(str, pks))}&{filters}")

    def pass_selected_view(self, request: HttpRequest) -> HttpResponse:
        """GET shows what would be done, POST does it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        selection = _selection(request)
        candidates = self._candidates(request, selection)
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and "attempt" not in request.POST:
            # The attempts in the address are only shown: what is passed is what the page said would be.
            self.message_user(request, _("No attempt was chosen."), messages.WARNING)
            return HttpResponseRedirect(self._list_url(request))
        if request.method == "POST" and form.is_valid():
            decide = partial(self._decide_and_log, request, PASS)
            try:
                outcomes = pass_selection(selection, by=_person(request), decide=decide, **form.written)
            except NotFound as error:
                raise Http404 from error
            except InvalidInput as error:
                form.add_error("reason", error.problem)
            else:
                self._show_outcomes(request, outcomes)
                return HttpResponseRedirect(self._list_url(request))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Pass the selected attempts?"),
            "passable": [candidate for candidate in candidates if not candidate.why_not],
            "others": [candidate for candidate in candidates if candidate.why_not],
            "form": form,
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "admin/proctoring_results/examattempt/pass_selected.html", context)

    def _list_url(self, request: HttpRequest) -> str:
        """The list, narrowed as it was."""
        filters: dict[str, Any] = {"preserved_filters": self.get_preserved_filters(request), "opts": self.opts}
        return add_preserved_filters(filters, self.page_url("changelist"))

    def _candidates(self, request: HttpRequest, selection: Selection) -> list[Candidate]:
        """Raise ``PermissionDenied`` if none of the attempts may be decided."""
        candidates = preview_selection(selection, by=_person(request))
        courses = {candidate.preview.attempt.exam.course_id for candidate in candidates}
        if not any(permissions.may(request.user, permissions.DECIDE_ATTEMPT, course_id) for course_id in courses):
            raise PermissionDenied
        return candidates

    def _show_outcomes(self, request: HttpRequest, outcomes: list[Outcome]) -> None:
        passed = [outcome for outcome in outcomes if outcome.is_passed]
        refused = [outcome for outcome in outcomes if not outcome.is_passed]
        for listed, level in ((passed, messages.SUCCESS), (refused, messages.ERROR)):
            lines = [(_name(outcome.attempt), outcome.problem or _("Passed.")) for outcome in listed]
            if lines:
                self.message_user(request, format_html_join("", "<div>{}: {}</div>", lines), level)


def _person(request: HttpRequest) -> AbstractBaseUser:
    if request.user.is_anonymous:
        raise PermissionDenied
    return request.user


def _name(attempt: ExamAttempt) -> str:
    return f"{attempt.learner.label}, {attempt.exam.exam_name} ({attempt.attempt_code})"


def _selection(request: HttpRequest) -> Selection:
    """Return what the form of the page sent, or else the attempts whose keys the action put into the address."""
    try:
        selection = read_tokens(request.POST.getlist("attempt"))
        pks = re.findall(r"[0-9]{1,18}", request.GET.get("chosen", ""))
        if not selection and not (pks and ",".join(pks) == request.GET["chosen"]):
            raise BadRequest(_("The address does not name any attempts."))
        refuse_too_many(selection or pks)
    except InvalidInput as error:
        raise BadRequest(str(error)) from error
    if selection:
        return selection
    codes = dict(ExamAttempt.objects.filter(pk__in=pks).values_list("pk", "attempt_code"))
    return {codes[int(pk)]: None for pk in pks if int(pk) in codes}
