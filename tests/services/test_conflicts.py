"""Real deadlocks, lock timeouts and lost connections: another try, or 503 in the format of the caller."""

import re
import threading
from contextlib import contextmanager

import pytest
from django.db import connection, connections, transaction
from django.urls import reverse

from proctoring_results import api, database
from proctoring_results.database import in_transaction
from proctoring_results.models import ExamAttempt, ProviderMessage
from proctoring_results.services import decisions, messages
from tests.factories import ExamAttemptFactory, ProctoredExamFactory, UserFactory
from tests.racing import at_once
from tests.rest.calling import REVIEW, account_of, post, rest_attempt, reviewed, signed_in
from tests.rest.v1.calling import V1, problem, seen_of

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

SHORT_TIMEOUT = {"postgresql": "SET lock_timeout = '200ms'", "mysql": "SET innodb_lock_wait_timeout = 1"}
USUAL_TIMEOUT = {"postgresql": "SET lock_timeout = 0", "mysql": "SET innodb_lock_wait_timeout = 50"}


@pytest.fixture(autouse=True)
def locks(transactional_db):
    if connection.vendor not in SHORT_TIMEOUT:
        pytest.skip("makes sense only where rows are locked")
    run(SHORT_TIMEOUT[connection.vendor])
    yield
    run(USUAL_TIMEOUT[connection.vendor])


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)


def run(sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)


@contextmanager
def locked_by_another(attempt):
    """Lock the attempt's row in a second connection; yield what releases it."""
    is_locked, release = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            ExamAttempt.objects.select_for_update().get(pk=attempt.pk)
            is_locked.set()
            release.wait(60)
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    is_locked.wait(60)

    def free(*args):
        release.set()
        thread.join()

    yield free
    free()


@pytest.fixture
def attempt():
    return rest_attempt()


@pytest.fixture
def admin():
    return UserFactory(admin=True)


def test_a_decision_that_waits_too_long_for_a_lock_is_made_at_another_try(attempt, admin, monkeypatch):
    with locked_by_another(attempt) as free:
        # Called between two tries.
        monkeypatch.setattr(database.time, "sleep", free)
        assert api.pass_attempt(attempt.attempt_code, by=admin, reason="x").status == "verified"


def test_a_row_that_stays_locked_is_given_up_after_three_tries(attempt, admin, monkeypatch):
    pauses = []
    monkeypatch.setattr(database.time, "sleep", pauses.append)
    with locked_by_another(attempt), pytest.raises(api.DatabaseBusy):
        api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    assert len(pauses) == 2
    assert attempt.changes.count() == 0


def test_inside_a_transaction_of_the_host_there_is_one_try(attempt, admin, monkeypatch):
    monkeypatch.setattr(database.time, "sleep", lambda seconds: pytest.fail("There is no other try."))
    with locked_by_another(attempt), pytest.raises(api.DatabaseBusy), transaction.atomic():
        api.pass_attempt(attempt.attempt_code, by=admin, reason="x")


def test_two_that_meet_in_a_deadlock_both_succeed():
    run(USUAL_TIMEOUT[connection.vendor])
    pks = [ExamAttemptFactory(submitted=True).pk for _ in range(2)]
    meeting, tries = threading.Barrier(2), []

    @in_transaction
    def archive(first, second):
        tries.append(first)
        ExamAttempt.objects.select_for_update().get(pk=first)
        if tries.count(first) == 1:
            # Each has its first row now, and wants that of the other.
            meeting.wait(60)
        ExamAttempt.objects.select_for_update().get(pk=second)
        return "done"

    assert at_once(lambda: archive(*pks), lambda: archive(*reversed(pks))) == ["done", "done"]
    assert len(tries) == 3


# ------------------------------------------------------------------------------------------------ what callers are told


def test_a_page_says_so_and_keeps_the_reason(attempt, admin):
    with locked_by_another(attempt):
        response = signed_in(admin).post(
            reverse("proctoring_results:decide", args=[attempt.attempt_code]),
            {"verdict": "pass", "reason": "Looked twice."},
        )
    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert "The database is busy" in response.content.decode()
    assert "Looked twice." in response.content.decode()


@pytest.fixture
def three():
    exam = ProctoredExamFactory()
    return [ExamAttemptFactory(exam=exam, submitted=True) for _ in range(3)]


def pass_all(client, attempts, reason="Looked twice.\nAt all."):
    codes = [attempt.attempt_code for attempt in attempts]
    url = reverse("proctoring_results:pass_sessions", args=[attempts[0].exam.course_id])
    return client.post(url, {"attempt": codes, "reason": reason, "filters": "review_status=Clean"})


def fields_of(response):
    """Return what the form "try again" sends."""
    html = response.content.decode().partition('class="pr-card" method="post"')[2].partition("</form>")[0]
    fields = {name: re.findall(f'name="{name}" value="([^"]*)"', html) for name in ("attempt", "filters")}
    return {**fields, "reason": html.partition('name="reason" hidden>')[2].partition("</textarea>")[0]}


def statuses_of(attempts):
    return [ExamAttempt.objects.get(pk=attempt.pk).status for attempt in attempts]


def test_of_a_selection_it_says_which_were_passed_and_keeps_the_others_to_try_again(three, admin):
    client, codes = signed_in(admin), [attempt.attempt_code for attempt in three]
    with locked_by_another(three[1]):
        response = pass_all(client, three)
    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert statuses_of(three) == ["verified", "submitted", "submitted"]
    page = response.content.decode()
    assert (page.count("Passed."), page.count("The database is busy")) == (1, 2)
    fields = fields_of(response)
    assert fields == {"attempt": codes[1:], "filters": ["review_status=Clean"], "reason": "Looked twice.\nAt all."}
    assert client.post(response.wsgi_request.path, fields).status_code == 200
    assert statuses_of(three) == ["verified"] * 3
    assert three[2].changes.get().reason == "Looked twice.\nAt all."


def test_a_selection_waits_for_one_lock_and_not_for_each(three, admin, monkeypatch):
    pauses = []
    monkeypatch.setattr(database.time, "sleep", pauses.append)
    with locked_by_another(three[0]):
        response = pass_all(signed_in(admin), three)
    assert (response.status_code, len(pauses)) == (503, 2)
    assert statuses_of(three) == ["submitted"] * 3


def test_a_connection_that_is_lost_within_a_selection_hides_nothing_that_was_passed(three, admin, monkeypatch):
    client, lock = signed_in(admin), decisions.lock_attempt

    def cut_at_the_second(code):
        if code == three[1].attempt_code:
            cut_this_connection()
        return lock(code)

    monkeypatch.setattr(decisions, "lock_attempt", cut_at_the_second)
    try:
        response = pass_all(client, three)
    finally:
        connection.close()
    assert response.status_code == 503
    assert len(fields_of(response)["attempt"]) == 2
    assert statuses_of(three) == ["verified", "submitted", "submitted"]


def test_the_rest_api_answers_with_a_problem(attempt, admin):
    body = {"decision": "pass", "reason": "x", "seen": seen_of(attempt)}
    with locked_by_another(attempt):
        response = post(signed_in(admin), f"{V1}attempts/{attempt.attempt_code}/decisions/", body)
    assert problem(response)[:2] == (503, "database_busy")
    assert response["Retry-After"] == "2"


def test_django_admin_says_so_in_a_message(attempt, admin):
    url = reverse("admin:proctoring_results_examattempt_decide", args=[attempt.pk, "pass"])
    with locked_by_another(attempt):
        response = signed_in(admin).post(url, {"reason": "x"}, follow=True)
    assert "The database is busy" in response.content.decode()
    assert attempt.changes.count() == 0


def test_a_service_is_asked_to_send_its_review_again(attempt):
    client = signed_in(account_of())
    with locked_by_another(attempt):
        response = post(client, reviewed(), REVIEW)
    assert problem(response)[:2] == (503, "database_busy")
    assert not ProviderMessage.objects.exists()


def test_a_connection_that_is_lost_in_a_callback_is_a_503(attempt, monkeypatch):
    client, receive = signed_in(account_of()), messages.receive

    def cut_and_receive(*args, **kwargs):
        cut_this_connection()
        return receive(*args, **kwargs)

    monkeypatch.setattr(messages, "receive", cut_and_receive)
    try:
        response = post(client, reviewed(), REVIEW)
    finally:
        connection.close()
    assert problem(response)[:2] == (503, "database_busy")
    monkeypatch.setattr(messages, "receive", receive)
    assert post(client, reviewed(), REVIEW).status_code == 200


def test_a_connection_that_is_lost_on_a_page_is_a_503(attempt, admin, monkeypatch):
    client = signed_in(admin)
    monkeypatch.setattr("proctoring_results.pages.quiz_list.views.course_name", lambda course: cut_this_connection())
    try:
        response = client.get(reverse("proctoring_results:quiz_list", args=[attempt.exam.course_id]))
    finally:
        connection.close()
    assert (response.status_code, response["Retry-After"]) == (503, "2")
    assert "Try again in a moment" in response.content.decode()


def cut_this_connection():
    """As a server does that is restarted."""
    sql = {"postgresql": "SELECT pg_terminate_backend(%s)", "mysql": "KILL %s"}[connection.vendor]
    own_id = {"postgresql": "SELECT pg_backend_pid()", "mysql": "SELECT connection_id()"}[connection.vendor]
    with connection.cursor() as cursor:
        cursor.execute(own_id)
        [(number,)] = cursor.fetchall()

    def kill():
        with connection.cursor() as cursor:
            cursor.execute(sql, [number])

    at_once(kill)
