"""Flash messages: what the page says after a click."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest

# Ours are shown beside the button that was clicked, the host's where the host shows its own.
OURS = "proctoring_results"


def flash(request: HttpRequest, level: int, sentence: str) -> None:
    messages.add_message(request, level, sentence, extra_tags=OURS)


def flash_context(request: HttpRequest) -> dict[str, Any]:
    """Return the messages for a page's context: ours, and those of the host."""
    pending = list(messages.get_messages(request))
    return {
        "flash_messages": [message for message in pending if OURS in message.tags.split()],
        "messages": [message for message in pending if OURS not in message.tags.split()],
    }
