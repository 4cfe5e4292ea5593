"""What a learner has to do before the exam, by the word of the proctoring service. A page waits for the answer."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import get_language

from proctoring_results.exceptions import CallRefused, ServiceUnavailable
from proctoring_results.models import ExamAttempt
from proctoring_results.providers.base import Instructions
from proctoring_results.providers.registry import provider_named

# Seconds. While a service is down, only one page in so many has to wait for it.
KEPT, FAILURE_KEPT = 60, 30


def takes_calls(attempt: ExamAttempt) -> bool:
    """Whether the attempt's provider is told of it, and says itself when the learner is ready."""
    return provider_named(attempt.provider).takes_calls and attempt.is_watched


def instructions_for(attempt: ExamAttempt) -> Instructions | None:
    """What the learner has to do before the exam, and where the software is, in the language that is active.

    None where the provider takes no calls, and while it does not answer: a page must do without. Waits three
    seconds at most; an answer is kept for a minute in Django's cache, and a failure for half of one.
    """
    if not takes_calls(attempt):
        return None
    language = get_language() or settings.LANGUAGE_CODE
    exam_id = attempt.known_exam_id
    is_known = attempt.external_id is not None and exam_id is not None
    about = f"{exam_id}/{attempt.external_id}" if is_known else "anybody"
    down, answer = _key("down", attempt.provider), _key("answer", attempt.provider, about, language)
    kept = cache.get_many([down, answer])
    if answer in kept:
        return Instructions(*kept[answer]) if kept[answer] else None
    if down in kept:
        return None
    try:
        said = provider_named(attempt.provider).instructions(attempt, exam_id, language)
    except ServiceUnavailable:
        cache.set(down, True, FAILURE_KEPT)
        return None
    except CallRefused:
        # Only of this attempt; others may fare better.
        cache.set(answer, None, FAILURE_KEPT)
        return None
    cache.set(answer, (said.steps, said.download_url), KEPT)
    return said


def _key(*parts: str) -> str:
    # Not every cache takes every name for a key.
    return f"proctoring_results:{hashlib.sha256(repr(parts).encode()).hexdigest()}"
