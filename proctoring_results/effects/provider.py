"""Effects that tell a proctoring service what happened, in the order in which it happened.

No row is locked while the service is called. Between its answer and our writing down an id a worker may die: then the
exam or the attempt is registered a second time, and the service has one that nobody uses.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from proctoring_results.choices import AttemptStatus, ProviderCall
from proctoring_results.exceptions import CallRefused
from proctoring_results.models import ExamAttempt, LmsEffect, ProctoredExam
from proctoring_results.providers.registry import provider_named

if TYPE_CHECKING:
    from proctoring_results.providers.base import Provider

# The learner will not take it, so the service need not hear of it any more.
CALLED_OFF = frozenset({AttemptStatus.DECLINED, AttemptStatus.EXPIRED})


def provider_of(effect: LmsEffect) -> str:
    """The name of the provider that is called."""
    if effect.attempt is not None:
        return str(effect.attempt.provider)
    return str(effect.exam.provider) if effect.exam is not None else ""


def is_out_of_date(effect: LmsEffect) -> bool:
    """Whether nobody need know any more: the attempt was put aside or called off before it could be registered.

    Of a learner whose data was erased nothing is told.
    """
    attempt = effect.attempt
    if effect.call not in ("", ProviderCall.ERASE_LEARNER) and attempt is not None and attempt.erased_at is not None:
        return True
    if effect.call != ProviderCall.CREATE_ATTEMPT or attempt is None or attempt.started_at is not None:
        return False
    return attempt.archived_at is not None or attempt.status in CALLED_OFF


def call_provider(effect: LmsEffect) -> None:
    """Make the call. Raises ``CallRefused`` where it will never do, and whatever else means "not now"."""
    provider, attempt, exam = provider_named(provider_of(effect)), effect.attempt, effect.exam
    if not provider.takes_calls:
        return  # no longer
    if attempt is None:
        if exam is not None:
            _save_exam(provider, exam)
    elif effect.call == ProviderCall.ERASE_LEARNER:
        provider.erase_learner(attempt.user)
    elif effect.call == ProviderCall.REMOVE_ATTEMPT:
        if attempt.external_id is not None and attempt.known_exam_id is not None:
            provider.remove_attempt(attempt, attempt.known_exam_id)
    else:
        exam_id = _register(provider, attempt)
        if effect.call == ProviderCall.TELL_STATUS and effect.change is not None:
            provider.tell_status(attempt, exam_id, AttemptStatus(effect.change.to_status))


def _register(provider: Provider, attempt: ExamAttempt) -> str:
    """See to it that the provider knows the attempt; returns its id of the exam. The attempt gets what is new."""
    exam_id = attempt.known_exam_id
    if exam_id is None:
        # The call for it was refused or was made before the provider took any; or the exam is another provider's now.
        is_its_own = attempt.exam.provider == attempt.provider
        exam_id = _save_exam(provider, attempt.exam) if is_its_own else provider.save_exam(attempt.exam, None)
    if attempt.external_id is None:
        _remember_attempt(attempt, provider.create_attempt(attempt, exam_id), exam_id)
    return attempt.exam_external_id or exam_id


def _save_exam(provider: Provider, exam: ProctoredExam) -> str:
    external_id = provider.save_exam(exam, exam.external_id)
    with transaction.atomic():
        fresh = ProctoredExam.objects.select_for_update().get(pk=exam.pk)
        # It may have gone to another provider meanwhile, or somebody knew its id already.
        if fresh.external_id is None and fresh.provider == provider.name:
            fresh.external_id = external_id
            _save_id(fresh, ["external_id"], external_id)
    return fresh.external_id if fresh.provider == provider.name and fresh.external_id else external_id


def _remember_attempt(attempt: ExamAttempt, external_id: str, exam_external_id: str) -> None:
    with transaction.atomic():
        fresh = ExamAttempt.objects.select_for_update().get(pk=attempt.pk)
        # A message of the provider may have said it meanwhile.
        if fresh.external_id is None:
            fresh.external_id, fresh.exam_external_id = external_id, exam_external_id
            _save_id(fresh, ["external_id", "exam_external_id"], external_id)
    attempt.external_id, attempt.exam_external_id = fresh.external_id, fresh.exam_external_id


def _save_id(row: ExamAttempt | ProctoredExam, fields: list[str], external_id: str) -> None:
    try:
        with transaction.atomic():
            row.save(update_fields=fields)
    except IntegrityError:
        raise CallRefused(f"The service gave an id that another {row._meta.model_name} has: {external_id}") from None
