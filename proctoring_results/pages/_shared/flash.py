"""What is said on the page that a button leads back to."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest

# Ours are shown beside the button that they answer, not where the host shows its own.
OURS = "proctoring_results"


def say(request: HttpRequest, level: int, sentence: str) -> None:
    messages.add_message(request, level, sentence, extra_tags=OURS)


def said_to(request: HttpRequest) -> dict[str, Any]:
    """For a page's context: what we have to say, and what the host has."""
    said = list(messages.get_messages(request))
    return {
        "said": [message for message in said if OURS in message.tags.split()],
        "messages": [message for message in said if OURS not in message.tags.split()],
    }
