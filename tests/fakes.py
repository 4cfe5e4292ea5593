"""The host's side, written by hand: an LMS that remembers what it was told, and can be down."""

from collections import defaultdict

from proctoring_results.lms import NullLMS


class RememberingLMS(NullLMS):
    """What a host would hold after all it was told. One for all: the app makes a new one for each question."""

    held: set
    credit: dict
    certificates: dict
    told: list
    down: bool
    team = ("team@example.com",)
    holding = True
    own = ""

    @classmethod
    def forget(cls) -> None:
        cls.held, cls.credit, cls.certificates, cls.told = set(), {}, defaultdict(lambda: None), []
        cls.down, cls.holding, cls.own = False, True, ""

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
        self._hear("hold_at_zero")
        self.held.add((user.pk, content_id))

    def release(self, user, course_id, content_id):
        self._hear("release")
        self.held.discard((user.pk, content_id))

    def set_credit(self, user, course_id, content_id, state):
        self._hear(f"credit {state}")
        self.credit[user.pk, content_id] = state

    def invalidate_certificate(self, user, course_id):
        self._hear("invalidate")
        self.certificates[user.pk] = False

    def evaluate_certificate(self, user, course_id):
        self._hear("evaluate")
        self.certificates[user.pk] = True

    def _hear(self, word):
        if self.down:
            raise ConnectionError("The grade service is down.")
        self.told.append(word)


RememberingLMS.forget()
