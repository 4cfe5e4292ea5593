"""What providers have sent: read by those who may, and taken up once more."""

from __future__ import annotations

import json
import re
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from proctoring_results import api, crypto, permissions
from proctoring_results.choices import AttemptStatus, MessageState
from proctoring_results.models import ProviderMessage

from .filters import course_filter
from .read_only import ReadOnlyAdmin

MAX_AT_ONCE = 100


@admin.register(ProviderMessage)
class ProviderMessageAdmin(ReadOnlyAdmin):
    list_display = [
        "received_at",
        "provider",
        "channel",
        "attempt",
        "caller",
        "state",
        "tries",
        "next_try_at",
        "problem",
    ]
    list_select_related = ["attempt"]
    list_filter = [course_filter("attempt__exam__course_id"), "state", "provider", "channel"]
    search_fields = ["attempt__attempt_code", "attempt__user__username", "attempt__user__email"]
    ordering = ["-pk"]
    # Encrypted: it would say nothing here. Those who may read it have a page of its own.
    exclude = ["body"]
    actions = ["replay"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderMessage]:
        return super().get_queryset(request).defer("body")

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view, "proctoring_results_providermessage"
        return [
            path("<int:pk>/body/", view(self.body_view), name=f"{name}_body"),
            # Not in the request's own transaction: a message is kept first, and taken up in another.
            path("replay/", transaction.non_atomic_requests(view(self.replay_view)), name=f"{name}_replay"),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        message = kwargs["obj"]
        context |= {
            "body_url": _url("body", message.pk) if _may_read(request, message) else "",
            "replay_url": _replay_url([message.pk]) if _may_replay(request, message.provider) else "",
        }
        return super().render_change_form(request, context, *args, **kwargs)

    # ------------------------------------------------------------------------------------------------------- reading it

    def body_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The message as it came. Who reads it is written down first."""
        message = ProviderMessage.objects.select_related("attempt").filter(pk=pk).first()
        if not self.has_view_permission(request, message):
            raise PermissionDenied
        if message is None:
            raise Http404
        if not _may_read(request, message):
            raise PermissionDenied
        self.log_change(request, message, _("Opened what the provider sent."))
        text, problem = "", ""
        try:
            text = json.dumps(json.loads(crypto.decrypt(message.body)), indent=2, ensure_ascii=False)
        except api.CannotDecrypt as error:
            problem = str(error)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("What the provider sent"),
            "message": message,
            "text": text,
            "problem": problem,
        }
        return TemplateResponse(request, "admin/proctoring_results/providermessage/body.html", context)

    # ----------------------------------------------------------------------------------------------------- taking it up

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """For every provider; the page and the verb ask again for each message."""
        return _may_replay(request, "")

    @admin.action(description=gettext_lazy("Replay the selected messages…"), permissions=["replay"])
    def replay(self, request: HttpRequest, chosen: QuerySet[ProviderMessage]) -> HttpResponse | None:
        # In the order they came: the last one has the last word.
        pks = list(chosen.order_by("pk").values_list("pk", flat=True)[: MAX_AT_ONCE + 1])
        if len(pks) > MAX_AT_ONCE:
            self.message_user(request, _too_many(), messages.ERROR)
            return None
        return HttpResponseRedirect(_replay_url(pks))

    def replay_view(self, request: HttpRequest) -> HttpResponse:
        """GET shows what would be done, POST does it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        pks = _read_pks(request.GET.get("chosen", ""))
        rows = ProviderMessage.objects.filter(pk__in=pks).select_related("attempt__user", "attempt__exam").defer("body")
        chosen = list(rows.order_by("pk"))
        if not any(_may_replay(request, provider) for provider in {"", *(message.provider for message in chosen)}):
            raise PermissionDenied
        if request.method == "POST":
            for pk in pks:
                self._replay(request, pk)
            return HttpResponseRedirect(_url("changelist") if len(pks) > 1 else _url("change", pks[0]))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Replay what a provider sent?"),
            "chosen": chosen,
            "DONE": MessageState.DONE,
        }
        return TemplateResponse(request, "admin/proctoring_results/providermessage/replay.html", context)

    def _replay(self, request: HttpRequest, pk: int) -> None:
        if request.user.is_anonymous:
            raise PermissionDenied
        name = _("Message %(pk)d") % {"pk": pk}
        try:
            taken_up = api.replay_message(pk, by=request.user)
        except api.MessageQueued:
            told = _("%(name)s is kept, but could not be taken up now. Upkeep tries again.") % {"name": name}
            self.message_user(request, told, messages.WARNING)
        except api.ProctoringResultsError as error:
            self.message_user(request, f"{name}: {error}", messages.ERROR)
        else:
            told = _told(name, pk, taken_up)
            self.log_change(request, taken_up, told)
            self.message_user(request, told, messages.SUCCESS)


def _url(name: str, *args: object) -> str:
    return reverse(f"admin:proctoring_results_providermessage_{name}", args=args)


def _replay_url(pks: list[int]) -> str:
    return f"{_url('replay')}?chosen={','.join(map(str, pks))}"


def _may_read(request: HttpRequest, message: ProviderMessage) -> bool:
    return permissions.may(request.user, permissions.READ_MESSAGE_BODY, message.provider)


def _may_replay(request: HttpRequest, provider: str) -> bool:
    return permissions.may(request.user, permissions.REPLAY_MESSAGE, provider)


def _told(name: str, pk: int, taken_up: ProviderMessage) -> str:
    """What became of a replay, in one line."""
    answer = taken_up.answer
    status = AttemptStatus(answer["status"]).label
    words = {"name": name, "copy": taken_up.pk, "status": status, "why": answer.get("why", "")}
    done = _("%(name)s was taken up.") % words if taken_up.pk == pk else _("%(name)s was replayed as %(copy)d.") % words
    if answer.get("status_changed"):
        return f"{done} {_('The attempt is “%(status)s” now.') % words}"
    if words["why"]:
        return f"{done} {_('The attempt stays “%(status)s”: %(why)s.') % words}"
    return f"{done} {_('The attempt stays “%(status)s”.') % words}"


def _too_many() -> str:
    sentence = ngettext(
        "At most %d message is replayed at once. Choose fewer.",
        "At most %d messages are replayed at once. Choose fewer.",
        MAX_AT_ONCE,
    )
    return sentence % MAX_AT_ONCE


def _read_pks(text: str) -> list[int]:
    if not re.fullmatch(r"[0-9]{1,18}(,[0-9]{1,18})*", text):
        raise BadRequest("The messages are not named as the list names them.")
    pks = list(dict.fromkeys(map(int, text.split(","))))
    if len(pks) > MAX_AT_ONCE:
        raise BadRequest(_too_many())
    return pks
