"""What a check answers."""

from __future__ import annotations

from django.core.checks import Error
from django.core.checks import Warning as CheckWarning


def err(number: int, sentence: str, hint: str | None = None) -> Error:
    return Error(sentence, hint=hint, id=f"proctoring_results.E{number:03}")


def warn(number: int, sentence: str, hint: str | None = None) -> CheckWarning:
    return CheckWarning(sentence, hint=hint, id=f"proctoring_results.W{number:03}")
