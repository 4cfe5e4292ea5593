"""What a person can do about an effect that was parked."""

from django.db import transaction
from django.utils import timezone

from proctoring_results import tasks
from proctoring_results.choices import EffectState
from proctoring_results.jobs.enqueue import enqueue_after_commit
from proctoring_results.models import ExamAttempt, LmsEffect
from proctoring_results.models.attention import save_attention


@transaction.atomic
def retry_effects(pks: list[int]) -> int:
    """Try parked effects again, with fresh patience; says how many were parked."""
    now = timezone.now()
    parked = LmsEffect.objects.parked().filter(pk__in=pks)
    concerned = list(parked.values_list("attempt_id", flat=True))
    # Locked first, as everywhere: whether a person has to look at them is kept anew.
    attempts = list(ExamAttempt.objects.select_for_update().filter(pk__in=concerned).order_by("pk"))
    retried = parked.update(state=EffectState.WAITING, queued_at=now, next_try_at=now, tries=0)
    save_attention(attempts)
    if retried:
        enqueue_after_commit(tasks.deliver_effects)
    return retried
