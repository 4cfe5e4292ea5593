"""Providers' messages: their bodies, for those who may read them, and replay."""

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
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from proctoring_results import crypto, permissions
from proctoring_results.choices import MessageState
from proctoring_results.exceptions import CannotDecrypt, MessageQueued, ProctoringResultsError
from proctoring_results.models import ProviderMessage
from proctoring_results.providers.guarded import channel_label
from proctoring_results.providers.registry import provider_named
from proctoring_results.rules import full_status_label
from proctoring_results.services.messages import replay_message

from .filters import course_filter
from .people import PeopleAdmin

MAX_AT_ONCE = 100


@admin.register(ProviderMessage)
class ProviderMessageAdmin(PeopleAdmin):
    person_path = "attempt__user"
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
    search_fields = ["attempt__attempt_code"]
    ordering = ["-pk"]
    # Encrypted. Those who may read it have a page of its own.
    exclude = ["body"]
    actions = ["replay"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderMessage]:
        return super().get_queryset(request).defer("body")

    def get_urls(self) -> list[URLPattern]:
        view, name = self.admin_site.admin_view, "proctoring_results_providermessage"
        return [
            path("<int:pk>/body/", view(self.body_view), name=f"{name}_body"),
            # Outside ATOMIC_REQUESTS: a message is kept in one transaction and processed in the next.
            path("replay/", transaction.non_atomic_requests(view(self.replay_view)), name=f"{name}_replay"),
            *super().get_urls(),
        ]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        message = kwargs["obj"]
        context |= {
            "body_url": self.page_url("body", message.pk) if _may_read(request, message) else "",
            "replay_url": self._replay_url([message.pk]) if _may_replay(request, message.provider) else "",
        }
        return super().render_change_form(request, context, *args, **kwargs)

    # --------------------------------------------------------------------------------------------------------- the body

    def body_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show the message as it came, and log who reads it."""
        message = ProviderMessage.objects.select_related("attempt").filter(pk=pk).first()
        if not self.has_view_permission(request, message):
            raise PermissionDenied
        if message is None:
            raise Http404
        if not _may_read(request, message):
            raise PermissionDenied
        self.log_change(request, message, _("Opened the provider’s message."))
        text, problem = "", ""
        try:
            text = json.dumps(json.loads(crypto.decrypt(message.body)), indent=2, ensure_ascii=False)
        except CannotDecrypt as error:
            problem = str(error)
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Message of the provider"),
            "message": message,
            "channel": _channel_label(message),
            "text": text,
            "problem": problem,
        }
        return TemplateResponse(request, "admin/proctoring_results/providermessage/body.html", context)

    # ----------------------------------------------------------------------------------------------------------- replay

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Ask for every provider; the page and the service ask again for each message."""
        return _may_replay(request, "")

    @admin.action(description=gettext_lazy("Replay the selected messages…"), permissions=["replay"])
    def replay(self, request: HttpRequest, queryset: QuerySet[ProviderMessage]) -> HttpResponse | None:
        # In the order of arrival, so that the newest review stays the current one.
        pks = list(queryset.order_by("pk").values_list("pk", flat=True)[: MAX_AT_ONCE + 1])
        if len(pks) > MAX_AT_ONCE:
            self.message_user(request, _too_many(), messages.ERROR)
            return None
        return HttpResponseRedirect(self._replay_url(pks))

    def replay_view(self, request: HttpRequest) -> HttpResponse:
        """Show the messages and ask for confirmation; replay them when it is posted."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD", "POST"):
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        pks = _read_pks(request.GET.get("chosen", ""))
        rows = ProviderMessage.objects.filter(pk__in=pks).select_related("attempt__user", "attempt__exam").defer("body")
        selected = list(rows.order_by("pk"))
        if not any(_may_replay(request, provider) for provider in {"", *(message.provider for message in selected)}):
            raise PermissionDenied
        if request.method == "POST":
            for pk in pks:
                self._replay(request, pk)
            return HttpResponseRedirect(
                self.page_url("changelist") if len(pks) > 1 else self.page_url("change", pks[0])
            )
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": _("Replay these messages?"),
            "selected": [(message, _channel_label(message)) for message in selected],
            "DONE": MessageState.DONE,
        }
        return TemplateResponse(request, "admin/proctoring_results/providermessage/replay.html", context)

    def _replay_url(self, pks: list[int]) -> str:
        return f"{self.page_url('replay')}?chosen={','.join(map(str, pks))}"

    def _replay(self, request: HttpRequest, pk: int) -> None:
        if request.user.is_anonymous:
            raise PermissionDenied
        name = _("Message %(pk)d") % {"pk": pk}
        try:
            processed = replay_message(pk, by=request.user)
        except MessageQueued:
            sentence = _("%(name)s is kept, but could not be processed now. Upkeep will try again.") % {"name": name}
            self.message_user(request, sentence, messages.WARNING)
        except ProctoringResultsError as error:
            self.message_user(request, f"{name}: {error}", messages.ERROR)
        else:
            sentence = _outcome(name, pk, processed)
            self.log_change(request, processed, sentence)
            self.message_user(request, sentence, messages.SUCCESS)


def _channel_label(message: ProviderMessage) -> str:
    return channel_label(provider_named(message.provider), message.channel)


def _may_read(request: HttpRequest, message: ProviderMessage) -> bool:
    return permissions.may(request.user, permissions.READ_MESSAGE_BODY, message.provider)


def _may_replay(request: HttpRequest, provider: str) -> bool:
    return permissions.may(request.user, permissions.REPLAY_MESSAGE, provider)


def _outcome(name: str, pk: int, processed: ProviderMessage) -> str:
    answer = processed.answer
    status, reason = full_status_label(answer["status"]), answer.get("why", "")
    if processed.pk == pk:
        done = _("%(name)s was processed.") % {"name": name}
    else:
        done = _("%(name)s was replayed as message %(copy)d.") % {"name": name, "copy": processed.pk}
    if answer.get("status_changed"):
        return f"{done} {_('The attempt is now “%(status)s”.') % {'status': status}}"
    if reason:
        return f"{done} {_('The attempt stays “%(status)s”: %(reason)s.') % {'status': status, 'reason': reason}}"
    return f"{done} {_('The attempt stays “%(status)s”.') % {'status': status}}"


def _too_many() -> str:
    sentence = ngettext(
        "At most %d message can be replayed at once. Select fewer.",
        "At most %d messages can be replayed at once. Select fewer.",
        MAX_AT_ONCE,
    )
    return sentence % MAX_AT_ONCE


def _read_pks(text: str) -> list[int]:
    if not re.fullmatch(r"[0-9]{1,18}(,[0-9]{1,18})*", text):
        raise BadRequest(_("The address does not name any messages."))
    pks = list(dict.fromkeys(map(int, text.split(","))))
    if len(pks) > MAX_AT_ONCE:
        raise BadRequest(_too_many())
    return pks
