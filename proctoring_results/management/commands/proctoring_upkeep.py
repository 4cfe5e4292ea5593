"""``manage.py proctoring_upkeep``: what Celery beat rings, for sites without beat (run it from cron)."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from proctoring_results.actions.inbox import sweep_inbox
from proctoring_results.actions.upkeep import due_reports, sweep_reports
from proctoring_results.reports.build import build


class Command(BaseCommand):
    help = (
        "Rings for reports that wait, fails those whose worker was lost, removes files that are over, and takes up "
        "providers' messages that were kept and not finished."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--build", action="store_true", help="Build the reports that wait here and now, without Celery."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        swept = sweep_reports(ring=not options["build"])
        built = sum(build(pk) for pk in due_reports(timezone.now())) if options["build"] else 0
        self.stdout.write(
            f"Reports failed: {swept.failed}, expired: {swept.expired}, rung for: {swept.rung}, built: {built}; "
            f"storage keys cleared: {swept.cleared}."
        )
        messages = sweep_inbox()
        self.stdout.write(f"Messages finished: {messages.finished}, put off: {messages.put_off}.")
