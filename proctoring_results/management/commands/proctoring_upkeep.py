"""``manage.py proctoring_upkeep``: what Celery beat schedules, for sites that run it from cron instead."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from proctoring_results.effects.deliver import deliver_each
from proctoring_results.services.messages import sweep_inbox
from proctoring_results.services.upkeep import (
    Problems,
    build_due_reports,
    end_overdue_attempts,
    expire_attempts_of_ended_courses,
    guarding,
    look_for_waiting_reviews,
    old_messages,
    run_schedules,
    sweep_effects,
    sweep_reports,
    update_usual_waits,
)


class Command(BaseCommand):
    help = (
        "Ends attempts whose time is over, requests the reports of schedules that are due, enqueues due reports and "
        "effects, fails reports whose worker was lost, processes providers' messages that could not be processed on "
        "arrival, and removes old files. Each of these is done whatever becomes of the others; then what went wrong is "
        "listed, and the exit code is 1."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--here",
            action="store_true",
            help="Build the due reports and deliver the due effects in this process, without Celery.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        problems: Problems = []
        with guarding(problems) as guard:
            with guard("attempts"):
                self._attempts(problems)
            with guard("messages of providers"):
                messages = sweep_inbox()
                self.stdout.write(f"Messages processed: {messages.finished}, rescheduled: {messages.rescheduled}.")
                if number := old_messages():
                    raise RuntimeError(f"{number} cannot be processed, and have waited for long. See Django admin.")
            with guard("schedules"):
                # Before the reports, so that what is requested now is built now.
                self.stdout.write(f"Schedules run: {run_schedules(problems)}.")
            with guard("reports"):
                self._reports(problems, without_celery=options["here"])
            with guard("effects"):
                self._effects(without_celery=options["here"])
        if problems:
            raise CommandError("\n".join(["These went wrong; the log has more:", *map(_line, problems)]))

    def _attempts(self, problems: Problems) -> None:
        ended, expired = end_overdue_attempts(problems), expire_attempts_of_ended_courses(problems)
        waiting = look_for_waiting_reviews(problems)
        update_usual_waits(problems)
        self.stdout.write(f"Attempts ended: {ended}, expired: {expired}, with a review that waits too long: {waiting}.")

    def _reports(self, problems: Problems, *, without_celery: bool) -> None:
        swept = sweep_reports(enqueue=not without_celery, problems=problems)
        built = build_due_reports(problems) if without_celery else 0
        self.stdout.write(
            f"Reports failed: {swept.failed}, expired: {swept.expired}, enqueued: {swept.enqueued}, built: {built}; "
            f"storage keys cleared: {swept.cleared}."
        )

    def _effects(self, *, without_celery: bool) -> None:
        if without_celery:
            not_now: list[Exception] = []
            delivered = deliver_each(not_now)
            # No problem of this run: each effect has its own, and is tried again.
            self.stdout.write(f"Effects delivered: {delivered}, to be tried again: {len(not_now)}.")
        else:
            self.stdout.write("The due effects were enqueued." if sweep_effects() else "No effects were enqueued.")


def _line(error: Exception) -> str:
    return f"- {', '.join(getattr(error, '__notes__', []))}: {type(error).__name__}: {error}"
