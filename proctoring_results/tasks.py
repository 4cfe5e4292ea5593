"""The Celery tasks: two lines each."""

from celery import shared_task

from proctoring_results.effects.deliver import deliver_due
from proctoring_results.reports.build import build


@shared_task(name="proctoring_results.build_report", ignore_result=True)
def build_report(report_pk: int) -> None:
    build(report_pk)


@shared_task(name="proctoring_results.deliver_effects", ignore_result=True)
def deliver_effects() -> None:
    deliver_due()
