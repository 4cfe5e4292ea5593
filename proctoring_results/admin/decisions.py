"""Pass and Fail in Django admin: each a page of its own that says what will follow, and asks for a reason."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
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
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.html import format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from proctoring_results import api, permissions
from proctoring_results.choices import AttemptStatus
from proctoring_results.models import ExamAttempt
from proctoring_results.providers.policy import policy_of
from proctoring_results.queries.preview import Preview, Seen, obstacle_to, preview_decision, preview_decisions

from .read_only import ReadOnlyAdmin
from .timeline import lines_of

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

# Attempts that are passed together. Each is a decision of its own; somebody should have looked at them.
MAX_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Verdict:
    slug: str
    word: str | Promise
    question: str | Promise
    to: AttemptStatus
    decide: Callable[..., ExamAttempt]


VERDICTS: Mapping[str, Verdict] = {
    "pass": Verdict(
        "pass",
        gettext_lazy("Pass"),
        gettext_lazy("Pass this attempt?"),
        AttemptStatus.VERIFIED,
        api.pass_attempt,
    ),
    "fail": Verdict(
        "fail",
        gettext_lazy("Fail"),
        gettext_lazy("Fail this attempt?"),
        AttemptStatus.REJECTED,
        api.fail_attempt,
    ),
}


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        widget=AdminTextareaWidget(attrs={"rows": 3}),
        help_text=gettext_lazy("Kept for good in the history of the attempt. The learner does not see it."),
    )


class DecisionForm(ReasonForm):
    """With what the page showed: nothing where it showed no change, or no review."""

    seen_change = forms.IntegerField(required=False, widget=forms.HiddenInput)
    seen_review = forms.IntegerField(required=False, widget=forms.HiddenInput)

    @property
    def seen(self) -> Seen:
        return Seen(self.cleaned_data["seen_change"], self.cleaned_data["seen_review"])


@dataclass(frozen=True, slots=True)
class Chosen:
    """One attempt of a selection. ``why_not`` says why it cannot be passed; ``token`` carries what the page showed."""

    preview: Preview
    why_not: str
    token: str


class DecisionPages(ReadOnlyAdmin):
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
        if not permissions.may(request.user, permissions.DECIDE_ATTEMPT, attempt.exam.course_id):
            return []
        possible = [verdict for verdict in VERDICTS.values() if obstacle_to(attempt, verdict.to) is None]
        return [(verdict, _decide_url(attempt, verdict)) for verdict in possible]

    # ------------------------------------------------------------------------------------------------------ one attempt

    def decide_view(self, request: HttpRequest, pk: int, verdict: str) -> HttpResponse:
        attempt, chosen = self._attempt_to_decide(request, pk), VERDICTS.get(verdict)
        if chosen is None:
            raise Http404
        form, status = DecisionForm(request.POST if request.method == "POST" else None), 200
        if request.method == "POST" and form.is_valid():
            try:
                return self._decide(request, attempt, chosen, form)
            except api.StaleDecision as error:
                messages.error(request, str(error))
                # What is shown now is fresh, and so is what was seen; the reason is kept.
                form, status = DecisionForm(initial={"reason": form.cleaned_data["reason"]}), 409
            except api.InvalidInput as error:
                form.add_error("reason", error.problem)
            except api.ProctoringResultsError as error:
                messages.error(request, str(error))
                return HttpResponseRedirect(_url("change", attempt.pk))
        return self._decision_page(request, attempt, chosen, form, status)

    def _attempt_to_decide(self, request: HttpRequest, pk: int) -> ExamAttempt:
        attempt = ExamAttempt.objects.select_related("exam").filter(pk=pk).first()
        if not self.has_view_permission(request, attempt):
            raise PermissionDenied
        if attempt is None:
            raise Http404
        if not permissions.may(request.user, permissions.DECIDE_ATTEMPT, attempt.exam.course_id):
            raise PermissionDenied
        return attempt

    def _decide(self, request: HttpRequest, attempt: ExamAttempt, chosen: Verdict, form: DecisionForm) -> HttpResponse:
        done = self._decide_and_log(request, attempt.attempt_code, chosen, form.cleaned_data["reason"], form.seen)
        messages.success(request, done)
        return HttpResponseRedirect(_url("change", attempt.pk))

    @transaction.atomic
    def _decide_and_log(self, request: HttpRequest, code: str, chosen: Verdict, reason: str, seen: Seen) -> str:
        """One decision, with its line in the admin's own history; says what was done."""
        decided = chosen.decide(code, by=_person(request), reason=reason, seen=seen)
        change = decided.changes.order_by("-pk")[0]
        words = {
            "word": chosen.word,
            "start": change.get_from_status_display(),
            "to": change.get_to_status_display(),
            "reason": reason,
        }
        if change.from_status == change.to_status:
            done = _("Decided %(word)s: the attempt stays “%(to)s”.") % words
        else:
            done = _("Decided %(word)s: the attempt was “%(start)s” and is “%(to)s” now.") % words
        self.log_change(request, decided, _("%(done)s Reason: %(reason)s") % {**words, "done": done})
        return done

    def _decision_page(
        self, request: HttpRequest, attempt: ExamAttempt, chosen: Verdict, form: DecisionForm, status: int
    ) -> HttpResponse:
        # Before all else that is shown: what comes in between is then noticed.
        preview = preview_decision(attempt.attempt_code, chosen.to)
        if not form.is_bound:
            form.initial.update(seen_change=preview.seen.change_id, seen_review=preview.seen.review_id)
        other = VERDICTS["fail" if chosen.slug == "pass" else "pass"]
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": chosen.question,
            "attempt": preview.attempt,
            "preview": preview,
            "verdict": chosen,
            "other": other,
            "other_url": _decide_url(attempt, other),
            "form": form,
            "media": self.media + form.media,
            "provider_decides": policy_of(attempt.provider).provider_does_second_reviews,
            "lines": lines_of(self.admin_site, request, preview.attempt),
        }
        return TemplateResponse(request, "admin/proctoring_results/examattempt/decide.html", context, status=status)

    # ------------------------------------------------------------------------------------------------------ a selection

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """For every course, or for the one that the list is narrowed to; the page asks again for each attempt."""
        return permissions.may(request.user, permissions.DECIDE_ATTEMPT, request.GET.get("course", ""))

    @admin.action(description=gettext_lazy("Pass the selected attempts…"), permissions=["decide"])
    def pass_selected(self, request: HttpRequest, chosen: QuerySet[ExamAttempt]) -> HttpResponse | None:
        pks = list(chosen.order_by("-pk").values_list("pk", flat=True)[: MAX_AT_ONCE + 1])
        if len(pks) > MAX_AT_ONCE:
            self.message_user(request, _too_many(), messages.ERROR)
            return None
        filters = self.get_preserved_filters(request)
        return HttpResponseRedirect(f"{_url('pass_selected')}?chosen={','.join(map(str, pks))}&{filters}")

    def pass_selected_view(self, request: HttpRequest) -> HttpResponse:
        """GET shows what would be done, POST does it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        chosen = self._chosen(request)
        passable = [one for one in chosen if not one.why_not]
        form = ReasonForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            self._pass_each(request, form.cleaned_data["reason"])
            return HttpResponseRedirect(self._list_url(request))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Pass the selected attempts?"),
            "passable": passable,
            "others": [one for one in chosen if one.why_not],
            "form": form,
            "media": self.media + form.media,
        }
        return TemplateResponse(request, "admin/proctoring_results/examattempt/pass_selected.html", context)

    def _list_url(self, request: HttpRequest) -> str:
        """The list, narrowed as it was."""
        filters: dict[str, Any] = {"preserved_filters": self.get_preserved_filters(request), "opts": self.opts}
        return add_preserved_filters(filters, _url("changelist"))

    def _chosen(self, request: HttpRequest) -> list[Chosen]:
        """The attempts of a selection as they stand now. Raises ``PermissionDenied`` where none may be decided."""
        tokens = dict(_read_token(token) for token in request.POST.getlist("attempt"))
        pks = list(tokens) or _read_pks(request.GET.get("chosen", ""))
        if len(pks) > MAX_AT_ONCE:
            raise BadRequest(_too_many())
        rows = ExamAttempt.objects.filter(pk__in=pks).values_list("attempt_code", "exam__course_id")
        courses = {
            course_id: permissions.may(request.user, permissions.DECIDE_ATTEMPT, course_id) for _code, course_id in rows
        }
        if not any(courses.values()):
            raise PermissionDenied
        previews = preview_decisions([code for code, _course in rows], AttemptStatus.VERIFIED)
        return [
            Chosen(
                preview,
                _why_not(preview, courses[preview.attempt.exam.course_id]),
                _token(preview.attempt.pk, tokens.get(preview.attempt.pk, preview.seen)),
            )
            for preview in previews
        ]

    def _pass_each(self, request: HttpRequest, reason: str) -> None:
        """Each in its own transaction; tells for each what became of it."""
        passed, refused = [], []
        for token in request.POST.getlist("attempt"):
            pk, seen = _read_token(token)
            attempt = ExamAttempt.objects.select_related("user", "exam").filter(pk=pk).first()
            if attempt is None:
                continue
            name = f"{attempt.user.get_username()}, {attempt.exam.exam_name} ({attempt.attempt_code})"
            try:
                passed.append(
                    (name, self._decide_and_log(request, attempt.attempt_code, VERDICTS["pass"], reason, seen))
                )
            except api.ProctoringResultsError as error:
                refused.append((name, str(error)))
        for told, level in ((passed, messages.SUCCESS), (refused, messages.ERROR)):
            if told:
                self.message_user(request, format_html_join("", "<div>{}: {}</div>", told), level)
        if not passed and not refused:
            self.message_user(request, _("No attempt was chosen."), messages.WARNING)


def _url(name: str, *args: object) -> str:
    return reverse(f"admin:proctoring_results_examattempt_{name}", args=args)


def _decide_url(attempt: ExamAttempt, verdict: Verdict) -> str:
    return _url("decide", attempt.pk, verdict.slug)


def _person(request: HttpRequest) -> AbstractBaseUser:
    if request.user.is_anonymous:
        raise PermissionDenied
    return request.user


def _too_many() -> str:
    return (
        ngettext(
            "At most %d attempt is passed at once. Choose fewer.",
            "At most %d attempts are passed at once. Choose fewer.",
            MAX_AT_ONCE,
        )
        % MAX_AT_ONCE
    )


def _why_not(preview: Preview, may_decide: bool) -> str:
    if not may_decide:
        return _("You may not decide in this course.")
    if preview.obstacle is not None:
        return str(preview.obstacle.label)
    if not preview.changes_the_status and preview.review is None:
        return _("It is passed already.")
    return ""


def _token(pk: int, seen: Seen) -> str:
    return ":".join("" if key is None else str(key) for key in (pk, *seen))


def _read_token(token: str) -> tuple[int, Seen]:
    found = re.fullmatch(r"([0-9]{1,18}):([0-9]{0,18}):([0-9]{0,18})", token)
    if found is None:
        raise BadRequest("An attempt is not named as this page names it.")
    pk, change, review = found.groups()
    return int(pk), Seen(int(change) if change else None, int(review) if review else None)


def _read_pks(text: str) -> list[int]:
    if not re.fullmatch(r"[0-9]{1,18}(,[0-9]{1,18})*", text):
        raise BadRequest("The attempts are not named as the list names them.")
    return list(dict.fromkeys(map(int, text.split(","))))
