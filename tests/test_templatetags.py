"""The template tag for hosts: the words of the learner, one query a course, and nothing else."""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template, TemplateSyntaxError

from proctoring_results import api
from proctoring_results.choices import AttemptStatus
from tests.factories import COURSE, ExamAttemptFactory, ProctoredExamFactory, UserFactory

pytestmark = pytest.mark.django_db

S = AttemptStatus
TAG = "{% load proctoring_results %}{% proctoring_result user course_id content_id %}"
SAYS = {
    S.COMPLETED: "Pending",
    S.SUBMITTED: "Pending",
    S.TIMED_OUT: "Pending",
    S.SECOND_REVIEW_REQUIRED: "Pending",
    S.VERIFIED: "Satisfactory",
    S.REJECTED: "Unsatisfactory",
    S.ERROR: "Something went wrong with this exam, and it has no result.",
    S.DECLINED: "Not taken as a proctored exam.",
    S.EXPIRED: "No longer available.",
}


@pytest.fixture(autouse=True)
def host(settings):
    settings.PROCTORING_RESULTS = {"LMS": "tests.fakes.RememberingLMS"}


def drawn(attempt, template=TAG, **others) -> str:
    context = {"user": attempt.user, "course_id": COURSE, "content_id": attempt.exam.content_id, **others}
    return " ".join(Template(template).render(Context(context)).split())


@pytest.mark.parametrize("status", AttemptStatus)
def test_a_learner_reads_what_the_status_says_and_no_more(status):
    text = drawn(ExamAttemptFactory(status=status))
    assert SAYS.get(status, "") in text
    assert [word for word in {*SAYS.values()} - {SAYS.get(status)} if f">{word}<" in text] == []
    if status not in SAYS:
        assert text == ""


def test_a_second_review_looks_like_any_other_pending_exam():
    submitted = ExamAttemptFactory(submitted=True)
    suspected = ExamAttemptFactory(status=S.SECOND_REVIEW_REQUIRED, exam=submitted.exam)
    assert drawn(submitted) == drawn(suspected)


@pytest.mark.parametrize(
    ("status", "asks", "appeals"), [(S.REJECTED, True, True), (S.ERROR, True, False), (S.SUBMITTED, False, False)]
)
def test_whom_to_ask_and_how_to_appeal_stand_where_they_are_needed(status, asks, appeals):
    attempt = ExamAttemptFactory(status=status)
    text = drawn(attempt)
    assert ("the exam office" in text and attempt.attempt_code in text) is asks
    assert ("appeal" in text) is appeals


def test_nobody_reads_what_is_anothers():
    attempt = ExamAttemptFactory(verified=True)
    assert drawn(attempt, user=UserFactory()) == ""
    assert drawn(attempt, user=AnonymousUser()) == ""
    assert drawn(attempt, user="") == ""
    assert drawn(attempt, course_id="another") == ""


def test_the_newest_attempt_counts_and_archived_ones_do_not():
    old = ExamAttemptFactory(rejected=True)
    newer = ExamAttemptFactory(verified=True, user=old.user, exam=old.exam)
    assert ">Satisfactory<" in drawn(newer)
    assert drawn(ExamAttemptFactory(verified=True, archived=True)) == ""


def test_a_timed_exam_has_no_word():
    assert drawn(ExamAttemptFactory(verified=True, exam__is_proctored=False)) == ""


def test_as_a_variable_it_draws_nothing_and_holds_the_result():
    template = TAG.replace(" content_id %}", " content_id as mine %}[{{ mine.word.label }}]")
    assert drawn(ExamAttemptFactory(rejected=True), template) == "[Unsatisfactory]"
    assert drawn(ExamAttemptFactory(started=True), template) == "[]"


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


def test_a_drawing_of_the_page_later_shows_what_is_true_by_then():
    attempt, template = ExamAttemptFactory(submitted=True), Template(TAG)
    context = {"user": attempt.user, "course_id": COURSE, "content_id": attempt.exam.content_id}
    assert "Pending" in template.render(Context(context))
    api.pass_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="x")
    assert "Satisfactory" in template.render(Context(context))


@pytest.mark.parametrize("arguments", ["", "user", "user course_id", "a b c d", "a b c as", "a b as x", "a b c to x"])
def test_written_wrongly_it_says_how_it_is_written(arguments):
    with pytest.raises(TemplateSyntaxError, match="user course_id content_id"):
        Template(f"{{% load proctoring_results %}}{{% proctoring_result {arguments} %}}")


def test_a_host_draws_it_its_own_way(settings, tmp_path):
    (tmp_path / "proctoring_results").mkdir()
    (tmp_path / "proctoring_results/result.html").write_text("own: {{ result.word.label }}{{ user }}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [str(tmp_path)]}]
    assert drawn(ExamAttemptFactory(verified=True)) == "own: Satisfactory"


def test_the_results_of_a_course_come_in_one_query(django_assert_num_queries):
    attempt = ExamAttemptFactory(rejected=True)
    ExamAttemptFactory(verified=True, user=attempt.user, exam__course_id="another")
    ExamAttemptFactory(started=True, user=attempt.user)
    ProctoredExamFactory()
    with django_assert_num_queries(1):
        results = api.results_in_course(attempt.user, COURSE)
    assert {key: result.word.label for key, result in results.items()} == {attempt.exam.content_id: "Unsatisfactory"}
