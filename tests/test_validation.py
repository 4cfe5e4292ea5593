"""Ids and reasons: one home for what is taken, and for what is refused with the field named."""

import pytest

from proctoring_results import api
from proctoring_results.validation import clean_key, clean_reason
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory


class Key:
    """As ``opaque_keys`` has them: an object that is no text, and prints as its id."""

    def __init__(self, text):
        self.text = text

    def __str__(self):
        return self.text

    def __eq__(self, other):
        return isinstance(other, Key) and other.text == self.text

    def __hash__(self):
        return hash(self.text)


KEY = Key(COURSE)
FINAL = Key("block-v1:final")
EXAM = {"exam_name": "Final", "time_limit_mins": 60, "provider": "proctortrack"}


@pytest.mark.parametrize("text", ["x\n", "x\r", "\t", "a\x1bb", "a\x85", "a\u2028b", ".", "..", "a/../b", "./a", "a/."])
def test_an_id_that_no_address_can_contain_is_refused(text):
    with pytest.raises(api.InvalidInput) as refusal:
        clean_key("course_id", text)
    assert refusal.value.field == "course_id"


@pytest.mark.parametrize("text", ["edX/Demo/2026", "a b", "a.b", "...", "ü?#%2F&", "\u05d0/\u202ex", "a//b"])
def test_every_other_text_is_an_id(text):
    assert clean_key("course_id", text) == text
    assert clean_key("course_id", Key(text)) == text


@pytest.mark.parametrize("value", [None, True, 7, 1.5, b"a", ["a"], {"a": 1}, object(), object])
def test_what_is_no_id_is_refused(value):
    with pytest.raises(api.InvalidInput, match="must be text"):
        clean_key("course_id", value)


@pytest.mark.django_db
def test_a_row_of_the_host_is_no_id():
    with pytest.raises(api.InvalidInput):
        clean_key("course_id", UserFactory())


@pytest.mark.parametrize("field", ["course_id", "content_id", "external_id", "provider"])
@pytest.mark.django_db
def test_an_exam_is_not_created_with_such_an_id(field):
    with pytest.raises(api.InvalidInput) as refusal:
        api.create_exam(**{"course_id": COURSE, "content_id": "final", **EXAM, field: "x\n"})
    assert refusal.value.field == field


@pytest.mark.django_db
@pytest.mark.database
def test_keys_are_taken_as_text_by_the_whole_api(monkeypatch):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *_, **__: None)
    learner, admin = UserFactory(), UserFactory(admin=True)
    exam = api.create_exam(KEY, FINAL, **EXAM, external_id=Key("exam-1"))
    assert (exam.course_id, exam.content_id, exam.external_id) == (COURSE, "block-v1:final", "exam-1")
    assert api.update_exam(KEY, FINAL, exam_name="Finals").exam_name == "Finals"
    attempt = api.create_attempt(learner, exam, external_id=Key("attempt-1"))
    assert api.get_exam(KEY, FINAL) == exam
    assert list(api.exams_in_course(KEY)) == [exam]
    assert list(api.attempts_in_course(KEY)) == [attempt]
    assert api.find_attempt("proctortrack", Key("attempt-1")) == attempt
    assert [row.exam for row in api.quiz_list(KEY)] == [exam]
    assert api.course_counts(KEY).attempts == 1
    assert api.course_numbers(KEY, FINAL).attempts == 1
    assert list(api.sessions(KEY, api.AttemptFilter(exam=FINAL))[:9]) == [attempt]
    assert api.results_in_course(learner, KEY) == {}
    report = api.request_report(KEY, filters={"exam": FINAL}, by=admin)
    assert (report.course_id, report.filters) == (COURSE, {"exam": "block-v1:final"})
    assert list(api.reports_in_course(KEY)) == [report]


# ------------------------------------------------------------------------------------------------------------ reasons


@pytest.mark.parametrize(
    "reason", ["", " ", "\u200b", "\u200b\u2060\ufeff", "\u00ad\u034f", "\u3164", "\u2800 \u115f", "\u202e\n"]
)
def test_a_reason_that_nobody_can_see_is_no_reason(reason):
    with pytest.raises(api.InvalidInput, match=r"Say why\."):
        clean_reason(reason, missing="Say why.")
    assert clean_reason(reason) == ""


@pytest.mark.parametrize("reason", ["a", "見", "۴", "👍", "!", "\u200fא"])
def test_a_reason_is_anything_that_can_be_seen(reason):
    assert clean_reason(f" {reason}\n", missing="Say why.") == reason


@pytest.mark.django_db
def test_no_decision_dismissal_or_erasure_is_made_without_a_reason_that_can_be_seen():
    admin, attempt = UserFactory(admin=True), ExamAttemptFactory(submitted=True)
    review = api.record_review(attempt.attempt_code, "Clean", incidents=[api.IncidentData(status="", comment="x")])
    for act in (
        lambda: api.fail_attempt(attempt.attempt_code, by=admin, reason="\u200b"),
        lambda: api.dismiss_incident(review.incidents.get().pk, by=admin, reason="\u200b"),
        lambda: api.erase_learner(attempt.user, by=admin, reason="\u200b"),
    ):
        with pytest.raises(api.InvalidInput) as refusal:
            act()
        assert refusal.value.field == "reason"


# ------------------------------------------------------------------------------------------------- a provider's ids


@pytest.mark.django_db
@pytest.mark.database
def test_an_attempt_is_given_the_providers_id_once_or_later():
    exam = ProctoredExamFactory()
    first = api.create_attempt(UserFactory(), exam, external_id="ext-1")
    second = api.create_attempt(UserFactory(), exam)
    api.set_external_id(second.attempt_code, "ext-2")
    api.set_external_id(second.attempt_code, "ext-2")
    assert [api.find_attempt(exam.provider, name) for name in ("ext-1", "ext-2")] == [first, second]


@pytest.mark.django_db
@pytest.mark.database
def test_an_id_that_was_copied_says_whose_it_is():
    exam = ProctoredExamFactory()
    owner, other = api.create_attempt(UserFactory(), exam, external_id="ext-1"), ExamAttemptFactory(exam=exam)
    for act in (
        lambda: api.create_attempt(UserFactory(), exam, external_id="ext-1"),
        lambda: api.set_external_id(other.attempt_code, "ext-1"),
    ):
        with pytest.raises(api.InvalidInput, match=owner.attempt_code) as refusal:
            act()
        assert refusal.value.field == "external_id"
    other.refresh_from_db()
    assert other.external_id is None


@pytest.mark.django_db
def test_two_providers_may_have_the_same_id():
    for provider in ("proctortrack", "rpnow"):
        api.create_attempt(UserFactory(), ProctoredExamFactory(provider=provider), external_id="ext-1")
    assert api.find_attempt("rpnow", "ext-1").provider == "rpnow"


@pytest.mark.django_db
def test_an_erased_attempt_gets_no_id():
    attempt = ExamAttemptFactory(submitted=True)
    api.erase_learner(attempt.user, by=UserFactory(admin=True), reason="Asked for it")
    with pytest.raises(api.AttemptIsErased):
        api.set_external_id(attempt.attempt_code, "ext-1")


@pytest.mark.django_db
@pytest.mark.database
def test_an_exams_id_that_was_copied_says_whose_it_is():
    api.create_exam(COURSE, "one", **{**EXAM, "exam_name": "First"}, external_id="exam-1")
    api.create_exam(COURSE, "two", **EXAM)
    for act in (
        lambda: api.create_exam(COURSE, "three", **EXAM, external_id="exam-1"),
        lambda: api.update_exam(COURSE, "two", external_id="exam-1"),
    ):
        with pytest.raises(api.InvalidInput, match="First") as refusal:
            act()
        assert refusal.value.field == "external_id"
