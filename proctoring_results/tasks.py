"""The Celery tasks: a few lines each."""

from celery import shared_task
from django.utils import timezone

from proctoring_results.effects.deliver import deliver_due
from proctoring_results.jobs.enqueue import enqueue_after_commit
from proctoring_results.models import LmsEffect
from proctoring_results.reports.build import build


@shared_task(name="proctoring_results.build_report", ignore_result=True)
def build_report(report_pk: int) -> None:
    try:
        build(report_pk)
    finally:
        # However it ended, the mails about it need not wait for the next sweep.
        if LmsEffect.objects.due(timezone.now()).exists():
            enqueue_after_commit(deliver_effects)


@shared_task(name="proctoring_results.deliver_effects", ignore_result=True)
def deliver_effects() -> None:
    deliver_due()
