"""What a person can do about an effect that was parked."""

from django.db import transaction
from django.utils import timezone

from proctoring_results import tasks
from proctoring_results.models import LmsEffect
from proctoring_results.statuses import EffectState


@transaction.atomic
def retry_effects(pks: list[int]) -> int:
    """Try parked effects again, with fresh patience; says how many were parked."""
    now = timezone.now()
    retried = (
        LmsEffect.objects.parked()
        .filter(pk__in=pks)
        .update(state=EffectState.WAITING, queued_at=now, next_try_at=now, tries=0)
    )
    if retried:
        tasks.ring_after_commit(tasks.deliver_effects)
    return retried
