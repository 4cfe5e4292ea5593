"""Fakes of the host: an LMS and a mail server that record their calls and can be down."""

import base64
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from smtplib import SMTPServerDisconnected

from django.core.mail.backends.base import BaseEmailBackend

from proctoring_results.lms import NullLMS


def raising(error: Exception) -> Callable[..., None]:
    """Return a function that raises the error, whatever it is called with."""

    def fail(*args: object, **kwargs: object) -> None:
        raise error

    return fail


class Interrupted:
    """Actions to run once during the next call, before or after its effect."""

    def __init__(self) -> None:
        self.before: list[Callable[[], object]] = []
        self.after: list[Callable[[], object]] = []

    @contextmanager
    def call(self) -> Iterator[None]:
        before, after, self.before, self.after = self.before, self.after, [], []
        for action in before:
            action()
        yield
        for action in after:
            action()


class RememberingLMS(NullLMS):
    """An LMS that records what a host would store, on the class: the app makes an instance for each call."""

    held: set
    credit: dict
    certificates: dict
    grades: dict
    midst: Interrupted
    calls: list
    down: bool
    team = ("team@example.com",)
    holding = True
    own = ""

    @classmethod
    def forget(cls) -> None:
        cls.held, cls.credit, cls.certificates, cls.calls = set(), {}, defaultdict(lambda: None), []
        cls.down, cls.holding, cls.own = False, True, ""
        cls.grades, cls.midst = {}, Interrupted()

    @classmethod
    def shown_grade(cls, user, content_id):
        """Return the grade as the learner sees it: 0 if it is held."""
        return 0 if (user.pk, content_id) in cls.held else cls.grades.get(user.pk)

    def course_team(self, course_id):
        return self.team

    def exam_url(self, course_id, content_id):
        return f"https://lms.example.com/{content_id}"

    def whom_to_ask(self, course_id):
        return "the exam office"

    def holds_grades(self, course_id):
        return self.holding

    def own_grade(self, user, course_id, content_id):
        return self.own

    def hold_at_zero(self, user, course_id, content_id):
        with self._records("hold_at_zero"):
            self.held.add((user.pk, content_id))

    def release(self, user, course_id, content_id):
        with self._records("release"):
            self.held.discard((user.pk, content_id))

    def set_credit(self, user, course_id, content_id, state):
        with self._records(f"credit {state}"):
            self.credit[user.pk, content_id] = state

    def invalidate_certificate(self, user, course_id):
        with self._records("invalidate"):
            self.certificates[user.pk] = False

    def evaluate_certificate(self, user, course_id):
        with self._records("evaluate"):
            self.certificates[user.pk] = True

    @contextmanager
    def _records(self, call):
        if self.down:
            raise ConnectionError("The grade service is down.")
        with self.midst.call():
            self.calls.append(call)
            yield


class RememberingMailServer(BaseEmailBackend):
    """A mail server that records each mail, with the grades that were held when it was sent."""

    down: bool
    midst: Interrupted
    sent: list

    @classmethod
    def forget(cls) -> None:
        cls.down, cls.midst, cls.sent = False, Interrupted(), []

    def send_messages(self, messages):
        if self.down:
            raise SMTPServerDisconnected("The mail server is down.")
        held = set(RememberingLMS.held)
        with self.midst.call():
            self.sent += [(message, held) for message in messages]
        return len(messages)


# One black dot.
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")
