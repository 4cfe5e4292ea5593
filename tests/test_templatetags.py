"""The template tag for hosts: a learner's result, by one query for a course."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template, TemplateSyntaxError

from proctoring_results import api
from proctoring_results.choices import AttemptStatus
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory

pytestmark = pytest.mark.django_db

S = AttemptStatus
TAG = "{% load proctoring_results %}{% proctoring_result user course_id content_id %}"
LEARNER_TEXTS = {
    S.COMPLETED: "Pending",
    S.SUBMITTED: "Pending",
    S.TIMED_OUT: "Pending",
    S.SECOND_REVIEW_REQUIRED: "Pending",
    S.VERIFIED: "Satisfactory",
    S.REJECTED: "Unsatisfactory",
    S.ERROR: "Something went wrong with this exam, and it has no result.",
    S.DECLINED: "Not taken as a proctored exam.",
    S.EXPIRED: "Not taken in time: the due date passed, or the course ended.",
}


@pytest.fixture(autouse=True)
def host(settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "LMS": "tests.fakes.RememberingLMS"}


def render(attempt, template=TAG, **others) -> str:
    context = {"user": attempt.user, "course_id": COURSE, "content_id": attempt.exam.content_id, **others}
    return " ".join(Template(template).render(Context(context)).split())


@pytest.mark.parametrize("status", AttemptStatus)
def test_a_learner_reads_the_result_of_the_status_and_nothing_else(status):
    text = render(ExamAttemptFactory(status=status))
    assert LEARNER_TEXTS.get(status, "") in text
    assert [other for other in {*LEARNER_TEXTS.values()} - {LEARNER_TEXTS.get(status)} if f">{other}<" in text] == []
    if status not in LEARNER_TEXTS:
        assert text == ""


def test_a_second_review_looks_like_any_other_pending_exam():
    submitted = ExamAttemptFactory(submitted=True)
    suspected = ExamAttemptFactory(status=S.SECOND_REVIEW_REQUIRED, exam=submitted.exam)
    assert render(submitted) == render(suspected).replace(suspected.attempt_code, submitted.attempt_code)


@pytest.mark.parametrize(
    ("status", "asks", "appeals"), [(S.REJECTED, True, True), (S.ERROR, True, False), (S.SUBMITTED, False, False)]
)
def test_whom_to_ask_and_how_to_appeal_are_shown_if_they_are_needed(status, asks, appeals):
    attempt = ExamAttemptFactory(status=status)
    text = render(attempt)
    assert ("the exam office" in text and attempt.attempt_code in text) is asks
    assert ("appeal" in text) is appeals


def test_a_pending_result_says_how_long_it_usually_takes():
    pending = ExamAttemptFactory(submitted=True, exam__usual_wait_mins=1800)
    assert "You will read the result here, usually within 2 days." in render(pending)
    assert "usually" not in render(ExamAttemptFactory(submitted=True))
    assert "usually" not in render(ExamAttemptFactory(verified=True, exam=pending.exam))
    practice = ProctoredExamFactory(usual_wait_mins=1800, is_practice_exam=True)
    assert "usually" not in render(ExamAttemptFactory(submitted=True, exam=practice))


def test_nobody_reads_the_result_of_another_person():
    attempt = ExamAttemptFactory(verified=True)
    assert render(attempt, user=UserFactory()) == ""
    assert render(attempt, user=AnonymousUser()) == ""
    assert render(attempt, user="") == ""
    assert render(attempt, course_id="another") == ""


def test_the_newest_attempt_counts_and_archived_ones_do_not():
    old = ExamAttemptFactory(rejected=True)
    newer = ExamAttemptFactory(verified=True, user=old.user, exam=old.exam)
    assert ">Satisfactory<" in render(newer)
    assert render(ExamAttemptFactory(verified=True, archived=True)) == ""


def test_a_timed_exam_has_no_result():
    assert render(ExamAttemptFactory(verified=True, exam__is_proctored=False)) == ""


def test_as_a_variable_the_tag_renders_nothing_and_sets_the_result():
    template = TAG.replace(" content_id %}", " content_id as mine %}[{{ mine.word.label }}]")
    assert render(ExamAttemptFactory(rejected=True), template) == "[Unsatisfactory]"
    assert render(ExamAttemptFactory(started=True), template) == "[]"


@pytest.mark.parametrize("exams", [1, 5])
def test_one_query_for_all_exams_of_a_course(django_assert_num_queries, exams):
    user = UserFactory()
    contents = [ExamAttemptFactory(submitted=True, user=user).exam.content_id for _ in range(exams)]
    template = Template(
        "{% load proctoring_results %}{% for one in contents %}{% proctoring_result user course_id one %}{% endfor %}"
    )
    with django_assert_num_queries(1):
        text = template.render(Context({"user": user, "course_id": COURSE, "contents": contents}))
    assert text.count("Pending") == exams


def test_a_template_that_is_rendered_again_shows_the_new_result():
    attempt, template = ExamAttemptFactory(submitted=True), Template(TAG)
    context = {"user": attempt.user, "course_id": COURSE, "content_id": attempt.exam.content_id}
    assert "Pending" in template.render(Context(context))
    api.pass_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="x")
    assert "Satisfactory" in template.render(Context(context))


@pytest.mark.parametrize("arguments", ["", "user", "user course_id", "a b c d", "a b c as", "a b as x", "a b c to x"])
def test_wrong_arguments_raise_an_error_with_the_usage(arguments):
    with pytest.raises(TemplateSyntaxError, match="user course_id content_id"):
        Template(f"{{% load proctoring_results %}}{{% proctoring_result {arguments} %}}")


def test_a_host_can_override_the_template(settings, tmp_path):
    (tmp_path / "proctoring_results").mkdir()
    (tmp_path / "proctoring_results/result.html").write_text("own: {{ result.word.label }}{{ user }}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [str(tmp_path)]}]
    assert render(ExamAttemptFactory(verified=True)) == "own: Satisfactory"


def test_the_results_of_a_course_come_in_one_query(django_assert_num_queries):
    attempt = ExamAttemptFactory(rejected=True)
    ExamAttemptFactory(verified=True, user=attempt.user, exam__course_id="another")
    ExamAttemptFactory(started=True, user=attempt.user)
    ProctoredExamFactory()
    with django_assert_num_queries(1):
        results = api.results_in_course(attempt.user, COURSE)
    assert {key: result.word.label for key, result in results.items()} == {attempt.exam.content_id: "Unsatisfactory"}


HELD_BY_ANOTHER = "While another of your attempts at this exam is Unsatisfactory, your grade for this exam is 0."


@pytest.mark.parametrize("status", sorted(LEARNER_TEXTS))
def test_a_learner_reads_beside_any_result_that_another_attempt_holds_the_grade(status):
    failed = ExamAttemptFactory(rejected=True)
    newest = ExamAttemptFactory(user=failed.user, exam=failed.exam, status=status)
    assert HELD_BY_ANOTHER in render(newest)


@pytest.mark.parametrize(
    "other", [{"verified": True}, {"rejected": True, "archived": True}, {"rejected": True, "is_sample_attempt": True}]
)
def test_nothing_is_said_of_another_attempt_that_holds_no_grade(other):
    first = ExamAttemptFactory(**other)
    newest = ExamAttemptFactory(user=first.user, exam=first.exam, rejected=True)
    assert HELD_BY_ANOTHER not in render(newest)


def test_nothing_is_said_of_a_grade_in_a_course_that_holds_none(monkeypatch):
    monkeypatch.setattr("tests.fakes.RememberingLMS.holding", False)
    failed = ExamAttemptFactory(rejected=True)
    assert HELD_BY_ANOTHER not in render(ExamAttemptFactory(user=failed.user, exam=failed.exam, verified=True))
