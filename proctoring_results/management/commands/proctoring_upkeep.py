"""``manage.py proctoring_upkeep``: what Celery beat schedules, for sites that run it from cron instead."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from proctoring_results.effects.deliver import deliver_due
from proctoring_results.reports.build import build
from proctoring_results.services.messages import sweep_inbox
from proctoring_results.services.upkeep import (
    due_reports,
    end_overdue_attempts,
    expire_attempts_of_ended_courses,
    sweep_effects,
    sweep_reports,
)


class Command(BaseCommand):
    help = (
        "Ends attempts whose time is over, enqueues due reports and effects, fails reports whose worker was lost, "
        "processes providers' messages that could not be processed on arrival, and removes old files."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--here",
            action="store_true",
            help="Build the due reports and deliver the due effects in this process, without Celery.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        without_celery = options["here"]
        ended, expired = end_overdue_attempts(), expire_attempts_of_ended_courses()
        messages = sweep_inbox()
        swept = sweep_reports(enqueue=not without_celery)
        built = sum(build(pk) for pk in due_reports(timezone.now())) if without_celery else 0
        delivered = deliver_due() if without_celery else 0
        enqueued = "" if without_celery or not sweep_effects() else " The due effects were enqueued."
        self.stdout.write(f"Attempts ended: {ended}, expired: {expired}. Effects delivered: {delivered}.{enqueued}")
        self.stdout.write(
            f"Reports failed: {swept.failed}, expired: {swept.expired}, enqueued: {swept.enqueued}, built: {built}; "
            f"storage keys cleared: {swept.cleared}."
        )
        self.stdout.write(f"Messages processed: {messages.finished}, rescheduled: {messages.rescheduled}.")
