"""The host's side, written by hand: an LMS and a mail server that remember what they were told, and can be down."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from smtplib import SMTPServerDisconnected

from django.core.mail.backends.base import BaseEmailBackend

from proctoring_results.lms import NullLMS


class Interrupted:
    """What else happens in the midst of the next call, before or after it has its effect. Once."""

    def __init__(self) -> None:
        self.before: list[Callable[[], object]] = []
        self.after: list[Callable[[], object]] = []

    @contextmanager
    def call(self) -> Iterator[None]:
        before, after, self.before, self.after = self.before, self.after, [], []
        for happens in before:
            happens()
        yield
        for happens in after:
            happens()


class RememberingLMS(NullLMS):
    """What a host would hold after all it was told. One for all: the app makes a new one for each question."""

    held: set
    credit: dict
    certificates: dict
    grades: dict
    midst: Interrupted
    told: list
    down: bool
    team = ("team@example.com",)
    holding = True
    own = ""

    @classmethod
    def forget(cls) -> None:
        cls.held, cls.credit, cls.certificates, cls.told = set(), {}, defaultdict(lambda: None), []
        cls.down, cls.holding, cls.own = False, True, ""
        cls.grades, cls.midst = {}, Interrupted()

    @classmethod
    def shown_grade(cls, user, content_id):
        """The grade as the learner sees it, under the overlay."""
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
        with self._hears("hold_at_zero"):
            self.held.add((user.pk, content_id))

    def release(self, user, course_id, content_id):
        with self._hears("release"):
            self.held.discard((user.pk, content_id))

    def set_credit(self, user, course_id, content_id, state):
        with self._hears(f"credit {state}"):
            self.credit[user.pk, content_id] = state

    def invalidate_certificate(self, user, course_id):
        with self._hears("invalidate"):
            self.certificates[user.pk] = False

    def evaluate_certificate(self, user, course_id):
        with self._hears("evaluate"):
            self.certificates[user.pk] = True

    @contextmanager
    def _hears(self, word):
        if self.down:
            raise ConnectionError("The grade service is down.")
        with self.midst.call():
            self.told.append(word)
            yield


class RememberingMailServer(BaseEmailBackend):
    """Each mail it took, and which grades were held when it came."""

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


RememberingLMS.forget()
RememberingMailServer.forget()
