"""Flash messages: what the page says after a click."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.messages.storage.base import Message
from django.http import HttpRequest

from .undo import undo_offer

# Ours are shown beside the button that was clicked, the host's where the host shows its own.
OURS = "proctoring_results"


def flash(request: HttpRequest, level: int, sentence: str, *, place: str = "") -> None:
    """``place`` names where on the page it is shown, if not where all are; one word."""
    messages.add_message(request, level, sentence, extra_tags=f"{OURS} at-{place}" if place else OURS)


def flash_context(request: HttpRequest) -> dict[str, Any]:
    """Return the messages for a page's context: ours, and those of the host.

    A page that renews itself shows none: they are for the person's next click, perhaps in another tab.
    """
    pending = [] if "If-None-Match" in request.headers else list(messages.get_messages(request))
    ours = [message for message in pending if OURS in message.tags.split()]
    return {
        "flash_messages": [message for message in ours if not _place(message)],
        "placed_messages": [(_place(message), message) for message in ours if _place(message)],
        "undo": undo_offer(request),
        "messages": [message for message in pending if OURS not in message.tags.split()],
    }


def _place(message: Message) -> str:
    return next((tag.removeprefix("at-") for tag in message.tags.split() if tag.startswith("at-")), "")
