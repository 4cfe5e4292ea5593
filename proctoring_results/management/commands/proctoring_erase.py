"""``manage.py proctoring_erase USERNAME --by ADMIN --reason …``: a learner's data is erased."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from proctoring_results.exceptions import ProctoringResultsError
from proctoring_results.services.erasure import erase_learner

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser


class Command(BaseCommand):
    help = (
        "Erases what is kept about a learner's attempts, and has the proctoring services do so. It cannot be undone. "
        "Take name and address out of the user's own row afterwards."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="whose data is erased")
        parser.add_argument("--by", required=True, metavar="USERNAME", help="who erases; needs the permission")
        parser.add_argument("--reason", required=True, help="kept: name a request, not a person")

    def handle(self, *args: Any, **options: Any) -> None:
        learner, by = _user(options["username"]), _user(options["by"])
        try:
            erasure = erase_learner(learner, by=by, reason=options["reason"])
        except ProctoringResultsError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"The data of {learner.get_username()} was erased at {erasure.at:%Y-%m-%d %H:%M} UTC, in "
            f"{erasure.attempts} attempts. Name and address stand in the user's own row; that is yours to change."
        )


def _user(name: str) -> AbstractBaseUser:
    users = get_user_model()
    user = users._default_manager.filter(**{users.USERNAME_FIELD: name}).first()
    # MariaDB takes "ada" for "Ada", and this cannot be undone.
    if user is None or user.get_username() != name:
        raise CommandError(f"There is no user “{name}”.")
    return user
