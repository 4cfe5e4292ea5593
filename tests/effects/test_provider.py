"""Which calls a proctoring service gets, when, in which order, and what happens if they fail."""

from datetime import timedelta

import pytest
import time_machine
from django.db import transaction
from django.utils import timezone

from proctoring_results import api
from proctoring_results.effects import provider as calls
from proctoring_results.effects.deliver import deliver, deliver_due
from proctoring_results.models import ExamAttempt, LmsEffect, ProctoredExam
from proctoring_results.providers import http
from proctoring_results.services.effects import queue_erasure, retry_effects
from tests.factories import ExamAttemptFactory, ProctoredExamFactory, UserFactory
from tests.providers.conftest import calling
from tests.providers.service import TOKEN, Response

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("provider")]

EXAM = {"exam_name": "Final", "time_limit_mins": 60, "provider": "proctortrack"}
EXAMS = ("POST", "/api/v1/exam/")


def queued():
    return [
        str(call) for call in LmsEffect.objects.filter(kind="provider").order_by("pk").values_list("call", flat=True)
    ]


def states():
    return list(LmsEffect.objects.filter(kind="provider").order_by("pk").values_list("state", flat=True))


def later(seconds):
    return time_machine.travel(timezone.now() + timedelta(seconds=seconds))


def ids(service):
    """The service's ids, one after the other: exam, attempt."""
    service.responses[EXAMS] = Response(body={"id": "E"})
    service.responses["POST", "/api/v1/exam/E/attempt/"] = Response(201, {"id": "A"})
    service.responses["/api/v1/exam/E/attempt/A/"] = Response()
    return service


@pytest.fixture
def exam():
    return api.create_exam("course", "content", **EXAM)


@pytest.fixture
def learner():
    return UserFactory(username="ada")


@pytest.fixture
def attempt(exam, learner):
    return api.create_attempt(learner, exam)


def take(attempt):
    api.mark_ready_to_start(attempt.attempt_code)
    api.start_attempt(attempt.attempt_code, by=attempt.user)
    return api.submit_attempt(attempt.attempt_code, by=attempt.user)


# --- Queued with what happened ---


def test_an_exam_an_attempt_and_its_transitions_are_queued(attempt):
    take(attempt)
    assert queued() == ["save_exam", "create_attempt", "tell_status", "tell_status"]


def test_a_transition_with_a_call_and_a_mail_is_enqueued_once(attempt, monkeypatch):
    api.start_attempt(attempt.attempt_code)
    enqueued = []
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda task, *args, **_: enqueued.append(task.name))
    api.submit_attempt(attempt.attempt_code, by=attempt.user)
    assert enqueued == ["proctoring_results.deliver_effects"]
    assert {"provider", "mail"} <= set(LmsEffect.objects.values_list("kind", flat=True))


def test_nothing_is_queued_for_a_provider_that_takes_no_calls(settings, learner):
    settings.PROCTORING_RESULTS = {}
    take(api.create_attempt(learner, api.create_exam("course", "content", **EXAM)))
    assert queued() == []


def test_what_is_rolled_back_is_not_queued(exam, learner):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        api.create_attempt(learner, exam)
        1 / 0  # noqa: B018
    assert queued() == ["save_exam"]


@pytest.mark.parametrize(
    ("kind", "taking", "is_called"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"is_proctored": False}, True, False),
        ({"is_practice_exam": True}, True, True),
        ({"is_practice_exam": True}, False, False),
        ({"is_practice_exam": True, "is_proctored": False}, True, True),
    ],
)
def test_the_provider_is_called_about_watched_attempts_only_practice_too(learner, kind, taking, is_called):
    exam = api.create_exam("course", "content", **EXAM, **kind)
    take(api.create_attempt(learner, exam, taking_as_proctored=taking))
    assert [call for call in queued() if call != "save_exam"] == (["create_attempt"] + ["tell_status"] * 2) * is_called
    assert ("save_exam" in queued()) == (kind.get("is_proctored", True) or "is_practice_exam" in kind)


@pytest.mark.parametrize(
    ("change", "is_called"),
    [
        ({"exam_name": "Other"}, True),
        ({"review_policy": "No phones."}, True),
        ({"is_proctored": False}, False),
        ({"due_date": timezone.now()}, False),
        ({"exam_name": "Final"}, False),
        ({"provider": "rpnow"}, False),
    ],
)
def test_the_provider_is_called_about_changes_that_concern_it(exam, change, is_called):
    api.update_exam("course", "content", **change)
    assert queued() == ["save_exam"] * (2 if is_called else 1)


def test_the_provider_is_called_when_an_exam_that_it_knows_is_no_longer_proctored(exam):
    api.update_exam("course", "content", external_id="E")
    api.update_exam("course", "content", is_proctored=False)
    assert queued() == ["save_exam"] * 2


@pytest.mark.parametrize("started", [True, False])
def test_an_attempt_that_is_archived_before_it_started_is_removed(attempt, started):
    if started:
        api.start_attempt(attempt.attempt_code)
    api.archive_attempt(attempt.attempt_code, reason="x")
    api.archive_attempt(attempt.attempt_code, reason="x")
    assert queued().count("remove_attempt") == (not started)


def test_a_practice_attempt_has_no_other_effects(learner):
    exam = api.create_exam("course", "content", **EXAM, is_practice_exam=True)
    take(api.create_attempt(learner, exam))
    assert set(LmsEffect.objects.values_list("kind", flat=True)) == {"provider"}


# --- Called in order ---


def test_one_task_makes_all_calls(attempt, service):
    take(attempt)
    deliver_due()
    exam_id, attempt_id = ProctoredExam.objects.get().external_id, ExamAttempt.objects.get().external_id
    assert service.made() == [
        EXAMS,
        ("POST", f"/api/v1/exam/{exam_id}/attempt/"),
        *[("PATCH", f"/api/v1/exam/{exam_id}/attempt/{attempt_id}/")] * 2,
    ]
    assert [call.body["status"] for call in service.calls[-2:]] == ["started", "submitted"]
    assert ExamAttempt.objects.get().exam_external_id == exam_id
    assert set(states()) == {"done"}


def test_the_calls_are_made_in_the_order_in_which_things_happened(attempt, service):
    take(attempt)
    for pk in LmsEffect.objects.filter(kind="provider").order_by("-pk").values_list("pk", flat=True):
        deliver(pk)
    deliver_due()
    assert [method for method, _ in service.made()] == ["POST", "POST", "PATCH", "PATCH"]
    assert [call.body["status"] for call in service.calls[-2:]] == ["started", "submitted"]


def test_while_a_call_is_retried_those_after_it_wait(attempt, service):
    ids(service)
    service.responses["POST", "/api/v1/exam/E/attempt/"] = Response(503)
    take(attempt)
    with pytest.raises(ExceptionGroup):
        deliver_due()
    assert (states(), [path for _, path in service.made()]) == (
        ["done", "waiting", "waiting", "waiting"],
        ["/api/v1/exam/", "/api/v1/exam/E/attempt/"],
    )
    service.responses["POST", "/api/v1/exam/E/attempt/"] = Response(201, {"id": "A"})
    with later(60):
        deliver_due()
    assert set(states()) == {"done"}


def test_calls_about_other_attempts_do_not_wait(exam, service):
    attempts = [api.create_attempt(UserFactory(), exam) for _ in range(2)]
    api.update_exam("course", "content", external_id="E")
    deliver_due()
    service.responses[f"/api/v1/exam/E/attempt/{api.get_attempt(attempts[0].attempt_code).external_id}/"] = Response(
        503
    )
    for attempt in attempts:
        api.start_attempt(attempt.attempt_code)
    with pytest.raises(ExceptionGroup):
        deliver_due()
    assert states()[-2:] == ["waiting", "done"]


def test_an_attempt_that_was_never_registered_is_registered_first(service):
    attempt = ExamAttemptFactory(started=True)
    api.submit_attempt(attempt.attempt_code)
    assert queued() == ["tell_status"]
    deliver_due()
    assert [method for method, _ in service.made()] == ["POST", "POST", "PATCH"]
    assert ProctoredExam.objects.get().external_id


def test_an_exam_that_was_given_to_another_provider_is_registered_with_the_attempts(attempt, service):
    ids(service)
    api.update_exam("course", "content", provider="rpnow", external_id="RP-1")
    deliver_due()
    attempt.refresh_from_db()
    assert (attempt.external_id, attempt.exam_external_id) == ("A", "E")
    assert ProctoredExam.objects.get().external_id == "RP-1"


def test_a_registered_attempt_keeps_its_provider_when_its_exam_changes_provider(attempt, service):
    ids(service)
    deliver_due()
    api.update_exam("course", "content", provider="rpnow", external_id="RP-1")
    api.start_attempt(attempt.attempt_code)
    deliver_due()
    assert service.made()[-1] == ("PATCH", "/api/v1/exam/E/attempt/A/")


def test_an_id_that_was_set_meanwhile_stays(attempt, service):
    def meanwhile(handler):
        ExamAttempt.objects.update(external_id="by-a-message")
        handler.send_response(201)
        handler.send_header("Content-Length", "11")
        handler.end_headers()
        handler.wfile.write(b'{"id": "A"}')

    ids(service).responses["POST", "/api/v1/exam/E/attempt/"] = Response(write=meanwhile)
    deliver_due()
    assert ExamAttempt.objects.get().external_id == "by-a-message"


@pytest.mark.parametrize("call_off", [api.decline_attempt, api.expire_attempt, "archive"])
def test_an_attempt_that_was_called_off_is_not_registered_any_more(attempt, service, call_off):
    if call_off == "archive":
        api.archive_attempt(attempt.attempt_code, reason="x")
    else:
        call_off(attempt.attempt_code)
    deliver_due()
    assert service.made() == [EXAMS]
    assert states()[1] == "superseded"
    assert set(states()) == {"done", "superseded"}


def test_an_attempt_that_is_known_there_is_removed(attempt, service):
    ids(service)
    deliver_due()
    api.archive_attempt(attempt.attempt_code, reason="x")
    deliver_due()
    assert service.made()[-1] == ("DELETE", "/api/v1/exam/E/attempt/A/")


def test_a_learner_is_erased_once_at_each_provider_after_all_that_waits(attempt, learner, service):
    ids(service)
    ExamAttemptFactory(user=learner, exam=ProctoredExamFactory(provider="rpnow"))
    queue_erasure(learner)
    erasure = LmsEffect.objects.get(call="erase_learner")
    assert not deliver(erasure.pk)
    deliver_due()
    assert [method for method, _ in service.made()] == ["POST", "POST", "DELETE"]
    assert service.made()[-1][1].startswith("/api/v1/user/")


# --- When it does not listen ---


def test_a_refusal_is_dead_lettered_and_blocks_nothing(attempt, service):
    ids(service).responses["POST", "/api/v1/exam/E/attempt/"] = [
        Response(422, b"<h1>No camera</h1>"),
        Response(201, {"id": "A"}),
    ]
    api.start_attempt(attempt.attempt_code)
    with pytest.raises(ExceptionGroup):
        deliver_due()
    refused = LmsEffect.objects.get(call="create_attempt")
    assert (refused.state, refused.next_try_at) == ("parked", None)
    assert "422: <h1>No camera</h1>" in refused.problem
    assert states() == ["done", "parked", "done"]


def test_a_refusal_can_be_tried_again_by_a_person(attempt, service):
    ids(service).responses["POST", "/api/v1/exam/E/attempt/"] = [Response(422), Response(201, {"id": "A"})]
    with pytest.raises(ExceptionGroup):
        deliver_due()
    retry_effects([LmsEffect.objects.get(call="create_attempt").pk])
    deliver_due()
    assert set(states()) == {"done"}


def test_an_id_that_another_attempt_has_is_a_refusal(attempt, service):
    ExamAttemptFactory(external_id="A")
    ids(service)
    with pytest.raises(ExceptionGroup):
        deliver_due()
    assert (states(), attempt.external_id) == (["done", "parked"], None)


def test_a_call_to_a_service_that_is_down_for_a_day_is_dead_lettered(exam, service):
    service.responses[EXAMS] = Response(503)
    with later(24 * 3600 + 1), pytest.raises(ExceptionGroup):
        deliver_due()
    assert states() == ["parked"]


def test_a_service_that_does_not_answer_is_called_once_a_delivery(settings, exam, service, monkeypatch):
    for _ in range(3):
        api.create_attempt(UserFactory(), exam)
    ProctoredExam.objects.update(external_id="E")
    LmsEffect.objects.filter(call="save_exam").delete()
    settings.PROCTORING_RESULTS = calling("http://127.0.0.1:1")
    tried = []
    real = http.send
    monkeypatch.setattr(http, "send", lambda *args, **more: tried.append(args) or real(*args, **more))
    with pytest.raises(ExceptionGroup):
        deliver_due()
    assert len(tried) == 1
    # Those that were not tried have lost no try.
    assert sorted(LmsEffect.objects.values_list("tries", flat=True)) == [0, 0, 1]
    settings.PROCTORING_RESULTS = calling(service.url)
    with later(120):
        deliver_due()
    assert set(states()) == {"done"}


def test_grades_and_mails_are_delivered_before_calls(attempt, service, mailoutbox):
    take(attempt)
    seen = []

    def look(handler):
        seen.append(len(mailoutbox))
        handler.send_response(503)
        handler.end_headers()

    service.responses[EXAMS] = Response(write=look)
    with pytest.raises(ExceptionGroup):
        deliver_due()
    assert seen == [1]


def test_a_worker_that_dies_after_the_call_registers_again_and_nothing_is_lost(attempt, service, monkeypatch):
    ids(service).responses["POST", "/api/v1/exam/E/attempt/"] = [Response(201, {"id": "A"}), Response(201, {"id": "B"})]

    class Killed(BaseException):
        pass

    def die(*args):
        raise Killed

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(calls, "_remember_attempt", die)
        deliver_due()
    with later(61):
        deliver_due()
    assert ExamAttempt.objects.get().external_id == "B"
    assert set(states()) == {"done"}


def test_no_row_is_locked_while_the_service_is_called(attempt, service):
    def write_meanwhile(handler):
        api.mark_download_clicked(attempt.attempt_code, by=attempt.user)
        handler.send_response(201)
        handler.send_header("Content-Length", "11")
        handler.end_headers()
        handler.wfile.write(b'{"id": "A"}')

    ids(service).responses["POST", "/api/v1/exam/E/attempt/"] = Response(write=write_meanwhile)
    deliver_due()
    attempt.refresh_from_db()
    assert (attempt.status, attempt.external_id) == ("download_software_clicked", "A")


def test_a_provider_that_takes_no_calls_any_more_is_not_called(attempt, settings, service):
    settings.PROCTORING_RESULTS = {}
    deliver_due()
    assert service.calls == []
    assert set(states()) == {"done"}


def test_effects_share_a_token(attempt, service):
    take(attempt)
    deliver_due()
    assert [(call.method, call.path) for call in service.calls].count(TOKEN) == 1
