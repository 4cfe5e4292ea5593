"""What a learner has to do before the exam, according to the proctoring service. A page waits for the answer."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.core.cache import cache
from django.utils.translation import get_language

from proctoring_results.exceptions import CallRefused, ProviderClassFailed, ServiceUnavailable
from proctoring_results.models import ExamAttempt
from proctoring_results.providers import guarded
from proctoring_results.providers.base import Instructions
from proctoring_results.providers.registry import provider_named

# How long an answer and a failure are cached, in seconds. While a service is down, few pages wait for it.
ANSWER_SECONDS, FAILURE_SECONDS = 60, 30


def takes_calls(attempt: ExamAttempt) -> bool:
    """Return whether the provider is called about the attempt, and reports by itself when the learner is ready."""
    return attempt.taking_as_proctored and guarded.takes_calls(provider_named(attempt.provider))


def instructions_for(attempt: ExamAttempt) -> Instructions | None:
    """Return what the learner has to do before the exam, and where the software is, in the active language.

    Return None if the provider takes no calls, and while it does not answer: a page must do without. It waits three
    seconds at most. An answer is kept for a minute in Django's cache, and a failure for half of one.
    """
    if not takes_calls(attempt):
        return None
    language = get_language() or settings.LANGUAGE_CODE
    exam_id = attempt.known_exam_id
    about = f"{exam_id}/{attempt.external_id}" if attempt.is_known_to_provider else "anybody"
    down, answer = _key("down", attempt.provider), _key("answer", attempt.provider, about, language)
    cached = cache.get_many([down, answer])
    if answer in cached:
        return Instructions(*cached[answer]) if cached[answer] else None
    if down in cached:
        return None
    provider = provider_named(attempt.provider)
    try:
        with guarded.guarded(provider):
            instructions = provider.instructions(attempt, exam_id, language)
            fresh = (instructions.steps, instructions.download_url)
    except ServiceUnavailable:
        cache.set(down, True, FAILURE_SECONDS)
        return None
    except (CallRefused, ProviderClassFailed):
        # Only of this attempt; others may fare better.
        cache.set(answer, None, FAILURE_SECONDS)
        return None
    cache.set(answer, fresh, ANSWER_SECONDS)
    return instructions


def _key(*parts: str) -> str:
    # Not every cache takes every name for a key.
    return f"proctoring_results:{hashlib.sha256(repr(parts).encode()).hexdigest()}"
