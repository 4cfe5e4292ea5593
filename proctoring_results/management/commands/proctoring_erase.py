"""``manage.py proctoring_erase USERNAME --by ADMIN --reason …``: erase a learner's data."""

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
        "Erases the data about a learner's attempts, and asks the proctoring services to erase theirs. This cannot be "
        "undone. Afterwards, remove name and address from the user account yourself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="the learner whose data is erased")
        parser.add_argument("--by", required=True, metavar="USERNAME", help="the user who erases; needs the permission")
        parser.add_argument("--reason", required=True, help="is stored: name a request, not a person")

    def handle(self, *args: Any, **options: Any) -> None:
        learner, by = _user(options["username"]), _user(options["by"])
        try:
            erasure = erase_learner(learner, by=by, reason=options["reason"])
        except ProctoringResultsError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(
            f"The data of {learner.get_username()} was erased at {erasure.at:%Y-%m-%d %H:%M} UTC, in "
            f"{erasure.attempts} attempts. The user account still has name and address; remove them yourself."
        )


def _user(name: str) -> AbstractBaseUser:
    users = get_user_model()
    user = users._default_manager.filter(**{users.USERNAME_FIELD: name}).first()
    # On MariaDB "ada" equals "Ada", and this cannot be undone.
    if user is None or user.get_username() != name:
        raise CommandError(f"There is no user “{name}”.")
    return user
