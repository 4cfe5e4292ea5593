"""``python -m tests.faults.delivery_killed_at POINT ATTEMPT``: fails an attempt, delivers what follows, and dies there.

The example's grade book is a table, and mails are files in a folder: both outlive the process.
"""

import sys

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.mail import EmailMultiAlternatives  # noqa: E402
from django.core.mail.backends.filebased import EmailBackend  # noqa: E402

from example_project.campus.lms import CampusLMS  # noqa: E402
from proctoring_results import api  # noqa: E402
from proctoring_results.effects import deliver as delivery  # noqa: E402
from proctoring_results.jobs import enqueue as enqueue_module  # noqa: E402
from tests.faults.killed_at import die, die_after  # noqa: E402


def arm(point: str) -> None:
    match point:
        case "between commit and enqueue":
            enqueue_module.enqueue = die  # type: ignore[assignment]
        case "before the first claim":
            delivery._claim = die  # type: ignore[assignment]
        case "after the first claim":
            delivery.effect_of = die  # type: ignore[assignment]
        case "before the grade is written":
            CampusLMS.hold_at_zero = die  # type: ignore[method-assign]
        case "after the grade is written":
            die_after(CampusLMS, "hold_at_zero")
        case "after the credit is written":
            die_after(CampusLMS, "set_credit")
        case "before the mail is sent":
            EmailMultiAlternatives.send = die  # type: ignore[method-assign]
        case "after the mail is sent":
            die_after(EmailBackend, "send_messages")
        case _:
            raise SystemExit(f"No point {point!r}.")


POINTS = (
    "between commit and enqueue",
    "before the first claim",
    "after the first claim",
    "before the grade is written",
    "after the grade is written",
    "after the credit is written",
    "before the mail is sent",
    "after the mail is sent",
)

if __name__ == "__main__":
    enqueue_module.enqueue = lambda *args, **_: True  # type: ignore[assignment]
    arm(sys.argv[1])
    api.fail_attempt(sys.argv[2], by=get_user_model()._default_manager.get(is_superuser=True), reason="x")
    delivery.deliver_due()
