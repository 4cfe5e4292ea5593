"""Calls to a proctoring service, in the order in which things happened.

No row is locked while the service is called. If a worker dies after the service has answered and before the new id is
stored, the exam or attempt is registered a second time, and the service has one that nobody uses.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from proctoring_results.choices import AttemptStatus, EffectKind, ProviderCall
from proctoring_results.exceptions import CallRefused
from proctoring_results.models import ExamAttempt, LmsEffect, ProctoredExam
from proctoring_results.providers.registry import provider_named

from .base import Effect

if TYPE_CHECKING:
    from proctoring_results.providers.base import Provider

# The learner will not take the exam, so the service need not hear of the attempt any more.
CALLED_OFF = frozenset({AttemptStatus.DECLINED, AttemptStatus.EXPIRED})
# The end of a call makes those that wait for it due. This is how long they wait if its worker dies before that.
LONG_WAIT = timedelta(hours=1)


def provider_of(effect: LmsEffect) -> str:
    """Return the name of the provider that is called."""
    if effect.attempt is not None:
        return str(effect.attempt.provider)
    return str(effect.exam.provider) if effect.exam is not None else ""


def _is_out_of_date(effect: LmsEffect) -> bool:
    """Return whether the service need not know any more.

    It does not, once the attempt was archived or called off before it could be registered, or the learner's data was
    erased.
    """
    attempt = effect.attempt
    if attempt is None or effect.call == ProviderCall.ERASE_LEARNER:
        return False
    if attempt.erased_at is not None:
        return True
    was_called_off = attempt.archived_at is not None or attempt.status in CALLED_OFF
    return effect.call == ProviderCall.CREATE_ATTEMPT and attempt.started_at is None and was_called_off


def _wait(effect: LmsEffect) -> timedelta | None:
    return LONG_WAIT if LmsEffect.objects.calls_before(effect).exists() else None


def _deliver(effect: LmsEffect) -> None:
    """Make the call. Raises ``CallRefused`` if it would always be refused; anything else means "not now"."""
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
    """Make sure that the provider knows the attempt, and return its id of the exam. ``attempt`` gets the new ids."""
    exam_id = attempt.known_exam_id
    if exam_id is None:
        # The exam's own call was refused, the provider took no calls then, or the exam is another provider's now.
        is_its_own = attempt.exam.provider == attempt.provider
        exam_id = _save_exam(provider, attempt.exam) if is_its_own else provider.save_exam(attempt.exam, None)
    if attempt.external_id is None:
        _remember_attempt(attempt, provider.create_attempt(attempt, exam_id), exam_id)
    return attempt.exam_external_id or exam_id


def _save_exam(provider: Provider, exam: ProctoredExam) -> str:
    external_id = provider.save_exam(exam, exam.external_id)
    with transaction.atomic():
        fresh = ProctoredExam.objects.select_for_update().get(pk=exam.pk)
        # Meanwhile the exam may have been given to another provider, or its id may have been set.
        if fresh.external_id is None and fresh.provider == provider.name:
            fresh.external_id = external_id
            _save_id(fresh, ["external_id"], external_id)
    return fresh.external_id if fresh.provider == provider.name and fresh.external_id else external_id


def _remember_attempt(attempt: ExamAttempt, external_id: str, exam_external_id: str) -> None:
    with transaction.atomic():
        fresh = ExamAttempt.objects.select_for_update().get(pk=attempt.pk)
        # Meanwhile a message of the provider may have set the id.
        if fresh.external_id is None:
            fresh.external_id, fresh.exam_external_id = external_id, exam_external_id
            _save_id(fresh, ["external_id", "exam_external_id"], external_id)
    attempt.external_id, attempt.exam_external_id = fresh.external_id, fresh.exam_external_id


def _save_id(row: ExamAttempt | ProctoredExam, fields: list[str], external_id: str) -> None:
    try:
        with transaction.atomic():
            row.save(update_fields=fields)
    except IntegrityError:
        owner = type(row)._default_manager.filter(provider=row.provider, external_id=external_id).first()
        sentence = _("The service gave the id %(id)s, which is already the id of the %(kind)s “%(owner)s”.")
        params = {"id": external_id, "kind": row._meta.verbose_name, "owner": owner}
        raise CallRefused(sentence % params) from None


EFFECT = Effect(
    kind=EffectKind.PROVIDER,
    deliver=_deliver,
    preview=None,
    is_stale=_is_out_of_date,
    # Calls are made in the order in which things happened.
    wait=_wait,
)
