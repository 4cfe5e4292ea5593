"""The guard around the code of the host: an answer that is an exception costs one line."""

import inspect
from datetime import UTC, date
from itertools import count

import pytest
from django.contrib.auth.models import Group
from django.http import Http404
from django.urls import clear_script_prefix, reverse, set_script_prefix
from django.utils.translation import gettext_lazy

from proctoring_results import api
from proctoring_results.choices import AttemptStatus
from proctoring_results.lms import QUESTIONS, Lms, NullLMS, course_name, course_zone, lms, overrides, strict_lms
from proctoring_results.models import LmsEffect
from proctoring_results.queries.preview import preview_decision
from tests.factories import COURSE, ExamAttemptFactory, UserFactory

COURSE_PAGES = ("data_download", "quiz_list", "sessions", "numbers")


class BrokenLMS(NullLMS):
    """Nothing that it is asked is answered."""


def fails(self, *args):
    raise ConnectionError("The LMS is down.")


for question in QUESTIONS:
    setattr(BrokenLMS, question, fails)


class OneCourse(NullLMS):
    """As ``Course.objects.get`` and ``get_object_or_404`` answer for an unknown course."""

    unknown: Exception = Group.DoesNotExist()

    def course_name(self, course_id):
        raise self.unknown

    def exam_url(self, course_id, content_id):
        raise self.unknown


class WrongTypes(NullLMS):
    def course_name(self, course_id):
        return None

    def course_end(self, course_id):
        return date(2026, 1, 1)

    def course_team(self, course_id):
        return "team@example.com"

    def search(self, course_id, text):
        return None

    def hold_at_zero(self, user, course_id, content_id):
        raise ConnectionError


@pytest.fixture
def use(settings):
    return lambda host: settings.PROCTORING_RESULTS.update(LMS=f"{__name__}.{host.__name__}")


@pytest.fixture(autouse=True)
def own_settings(settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS}


def test_each_method_is_a_question_or_a_command():
    methods = {name for name, _ in inspect.getmembers(Lms, inspect.isfunction) if not name.startswith("_")}
    commands = {name for name in methods if inspect.signature(getattr(Lms, name)).return_annotation == "None"}
    assert methods - commands == QUESTIONS


@pytest.mark.parametrize("question", sorted(QUESTIONS))
def test_a_question_that_fails_is_answered_and_logged(use, caplog, question):
    use(BrokenLMS)
    learner = UserFactory.build(username="ada")
    names = [name for name in inspect.signature(getattr(NullLMS, question)).parameters if name != "self"]
    arguments = [learner if name == "user" else COURSE for name in names]
    answer = getattr(lms(), question)(*arguments)
    if question == "course_name":
        assert answer == f"{COURSE} (the name is not available at the moment)"
    elif question != "holds_grades":
        assert answer == getattr(NullLMS(), question)(*arguments)
        assert question in caplog.text
    assert "ada" not in "".join(record.getMessage() for record in caplog.records)


def test_what_is_tried_again_later_hears_of_the_error(use):
    use(BrokenLMS)
    with pytest.raises(ConnectionError):
        strict_lms().learner_language(UserFactory.build())


@pytest.mark.parametrize("unknown", [Group.DoesNotExist(), Http404()])
def test_a_course_that_does_not_exist_is_not_found_and_elsewhere_its_id(use, monkeypatch, unknown):
    use(OneCourse)
    monkeypatch.setattr(OneCourse, "unknown", unknown)
    with pytest.raises(api.NotFound):
        course_name(COURSE)
    assert (lms().course_name(COURSE), strict_lms().course_name(COURSE)) == (COURSE, COURSE)


@pytest.mark.parametrize("question", ["course_name", "course_end", "course_team"])
def test_an_answer_of_a_wrong_type_is_no_answer(use, question):
    use(WrongTypes)
    with pytest.raises(TypeError, match=question):
        getattr(strict_lms(), question)(COURSE)


@pytest.mark.parametrize("answer", [None, UTC, "Mars/Olympus", "/etc/passwd", "../UTC", "Europe", "\0", "x" * 5_000])
def test_a_time_zone_is_one_that_there_is(monkeypatch, answer):
    monkeypatch.setattr(NullLMS, "time_zone", lambda *_: answer)
    with pytest.raises(TypeError, match="time_zone"):
        strict_lms().time_zone(COURSE)


def test_a_course_has_its_own_time_zone_or_the_sites(monkeypatch, settings):
    settings.TIME_ZONE = "Asia/Kolkata"
    assert str(course_zone(COURSE)) == "Asia/Kolkata"
    monkeypatch.setattr(NullLMS, "time_zone", lambda *_: "America/New_York")
    assert str(course_zone(COURSE)) == "America/New_York"
    # Several courses share the site's.
    assert str(course_zone("")) == "Asia/Kolkata"


def test_a_search_returns_users_or_ids_in_any_iterable(use, monkeypatch):
    use(WrongTypes)
    users = [UserFactory.build(pk=pk) for pk in (3, 4)]
    for answer in (users, [3, 4], (str(pk) for pk in (3, 4)), {3: "Ada", 4: "Bo"}):
        monkeypatch.setattr(WrongTypes, "search", lambda *_, answer=answer: answer)
        assert lms().search(COURSE, "1234") == [3, 4]


@pytest.mark.parametrize(
    "answer", [None, 3, "ada", [None], ["ada"], [{"user": 3}], [Group(pk=3)], (1 / 0 for _ in "x")]
)
def test_a_search_that_returns_no_people_finds_none_and_says_nothing_of_the_text(use, monkeypatch, caplog, answer):
    use(WrongTypes)
    monkeypatch.setattr(WrongTypes, "search", lambda *_: answer)
    assert list(lms().search(COURSE, "1234567")) == []
    assert "search" in caplog.text
    assert "1234567" not in caplog.text


def test_no_more_people_are_read_than_a_search_may_find(use, monkeypatch):
    monkeypatch.setattr("proctoring_results.lms.MAX_PEOPLE", 2)
    use(WrongTypes)
    monkeypatch.setattr(WrongTypes, "search", lambda *_: count(1))
    assert lms().search(COURSE, "1") == [1, 2, 3]


@pytest.mark.parametrize(
    "answer",
    [
        "https://uni.example/policy",
        ("Policy",),
        ("Policy", None),
        ("Policy", "javascript:alert(1)"),
        ("Policy", "//uni.example/policy"),
        ("Policy", "/policy/"),
        ("Policy", "https:policy"),
        ("Policy", "http://[half"),
        (7, "https://uni.example/policy"),
    ],
)
def test_a_policy_is_a_name_and_an_address_of_the_web(monkeypatch, caplog, answer):
    monkeypatch.setattr(NullLMS, "data_policy", lambda *_: answer)
    with pytest.raises(TypeError, match="data_policy"):
        strict_lms().data_policy(COURSE)


@pytest.mark.parametrize("answer", [("", ""), ("Policy", ""), ("", "http://x.example"), (gettext_lazy("Policy"), "")])
def test_a_policy_may_have_no_name_or_no_address(monkeypatch, answer):
    monkeypatch.setattr(NullLMS, "data_policy", lambda *_: answer)
    assert lms().data_policy(COURSE) == answer


@pytest.mark.parametrize(
    ("address", "full"),
    [
        ("/courses/x/exam", "https://uni.example/courses/x/exam"),
        ("courses/x/exam?a=b", "https://uni.example/courses/x/exam?a=b"),
        ("//exams.example/x", "https://exams.example/x"),
        ("http://exams.example/x/../y?", "http://exams.example/x/../y?"),
        (gettext_lazy("/exam"), "https://uni.example/exam"),
        ("", ""),
    ],
)
@pytest.mark.parametrize("guard", [lms, strict_lms])
def test_the_address_of_an_exam_is_a_full_one_whatever_is_returned(use, settings, monkeypatch, guard, address, full):
    use(OneCourse)
    settings.PROCTORING_RESULTS["SITE_URL"] = "https://uni.example"
    monkeypatch.setattr(OneCourse, "exam_url", lambda *_: address)
    assert guard().exam_url(COURSE, "x") == full


def test_the_path_of_a_site_stands_once_in_the_address_of_an_exam(use, settings, monkeypatch):
    use(OneCourse)
    settings.PROCTORING_RESULTS["SITE_URL"] = "https://uni.example"
    monkeypatch.setattr(OneCourse, "exam_url", lambda *_: reverse("proctoring_results:quiz_list", args=["x"]))
    set_script_prefix("/lms/")
    try:
        assert lms().exam_url(COURSE, "x") == "https://uni.example/lms/proctoring/courses/x/special-exams/"
    finally:
        clear_script_prefix()


def test_a_command_raises_what_the_host_raises(use):
    use(WrongTypes)
    with pytest.raises(ConnectionError):
        lms().hold_at_zero(None, COURSE, "x")


def test_only_methods_of_the_hosts_own_count(use):
    use(WrongTypes)
    assert overrides("hold_at_zero", "release")
    assert not overrides("set_credit")


# --------------------------------------------------------------------------------------------------------- the pages


@pytest.mark.django_db
@pytest.mark.parametrize(("host", "status"), [(BrokenLMS, 200), (OneCourse, 404), (WrongTypes, 200)])
@pytest.mark.parametrize("page", COURSE_PAGES)
def test_a_page_of_a_course_lives_without_the_host(client, use, page, host, status):
    use(host)
    client.force_login(UserFactory(admin=True))
    response = client.get(reverse(f"proctoring_results:{page}", args=[COURSE]))
    assert response.status_code == status
    assert ("the name is not available at the moment" in response.content.decode()) is (status == 200)


@pytest.mark.django_db
@pytest.mark.parametrize("host", [BrokenLMS, OneCourse])
def test_a_session_is_shown_whatever_became_of_its_course(client, use, host):
    use(host)
    client.force_login(UserFactory(admin=True))
    attempt = ExamAttemptFactory(submitted=True)
    response = client.get(reverse("proctoring_results:session", args=[attempt.attempt_code]))
    assert (response.status_code, attempt.exam.course_id in response.content.decode()) == (200, True)


@pytest.mark.django_db
def test_an_exam_starts_although_nobody_knows_when_the_course_ends(use):
    use(BrokenLMS)
    attempt = ExamAttemptFactory(status="ready_to_start")
    assert api.start_attempt(attempt.attempt_code, by=attempt.user).status == "started"


# ------------------------------------------------------------------------------------------ what the host does not have


class Plain(NullLMS):
    """No grade book, no credit, no certificates."""


@pytest.mark.django_db
def test_what_the_host_does_not_have_is_neither_queued_nor_announced(use):
    use(Plain)
    attempt, admin = ExamAttemptFactory(submitted=True), UserFactory(admin=True)
    preview = preview_decision(attempt.attempt_code, AttemptStatus.REJECTED)
    sentences = " ".join(step.sentence for step in preview.effects.values())
    assert set(preview.effects) == {"grade", "mail"}
    assert "this course sets no grade to 0" in sentences
    assert "which says that the grade was set to 0" not in sentences
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    api.archive_attempt(attempt.attempt_code, reason="x")
    assert set(LmsEffect.objects.values_list("kind", flat=True)) == {"mail"}
