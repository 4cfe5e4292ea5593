"""After an erasure no text column of any table, Django's own included, and no file names or describes the learner."""

import contextlib
import json
import zipfile
from collections.abc import Iterator
from datetime import time
from pathlib import Path

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.db.models import BinaryField
from django.test import Client
from django.urls import reverse

from proctoring_results import api
from proctoring_results.choices import CASE_FILE
from proctoring_results.crypto import decrypt
from proctoring_results.effects.deliver import deliver_due
from proctoring_results.exceptions import CannotDecrypt
from proctoring_results.lms import NullLMS
from proctoring_results.models import (
    ExamAttempt,
    Incident,
    LmsEffect,
    ProviderMessage,
    Report,
    ReportNotification,
    ReportSchedule,
    TeamNote,
)
from proctoring_results.queries.preview import seen_now
from proctoring_results.reports import files
from proctoring_results.reports.build import build
from proctoring_results.reports.rhythms import Rhythm
from proctoring_results.services.claims import claim_session
from proctoring_results.services.looks import record_look
from proctoring_results.services.notes import add_note
from proctoring_results.services.schedules import create_schedule
from proctoring_results.services.selection import token_of
from proctoring_results.services.upkeep import sweep_reports
from tests.factories import COURSE, ExamAttemptFactory, UserFactory
from tests.rest.calling import RPNOW, account_of, post, post_rpnow, rest_attempt, reviewed, rpnow_body, signed_in
from tests.rest.v1.calling import V1, seen_of

# The builder of reports has a connection of its own.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

NAME, USERNAME, ADDRESS = "Lovelace", "ada-1815", "ada@analytical.example"
NEEDLES = (NAME, USERNAME, ADDRESS)
VIDEO = "https://video.example/secret-of-lovelace"


class RefusingLMS(NullLMS):
    def holds_grades(self, course_id):
        return True

    def release(self, user, course_id, content_id):
        raise ValueError(f"{NAME} has no grades")

    hold_at_zero = release


@pytest.fixture(autouse=True)
def host(settings, monkeypatch, tmp_path):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)
    storage = {**settings.STORAGES["proctoring_results"], "OPTIONS": {"location": str(tmp_path)}}
    settings.STORAGES = {**settings.STORAGES, "proctoring_results": storage}
    providers = {**settings.PROCTORING_RESULTS["PROVIDERS"], **RPNOW["PROVIDERS"]}
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "PROVIDERS": providers}


@pytest.fixture
def admin():
    return UserFactory(admin=True, email="boss@example.com")


@pytest.fixture
def learner():
    return UserFactory(username=USERNAME, email=ADDRESS, first_name="Ada", last_name=NAME)


def places(needles=NEEDLES) -> Iterator[str]:
    """Yield ``table.column`` wherever a needle is, encrypted columns and stored files included."""
    for model in apps.get_models(include_auto_created=True):
        for field in model._meta.concrete_fields:
            values = model._base_manager.values_list(field.attname, flat=True)
            if any(holds(text_of(field, value), needles) for value in values):
                yield f"{model._meta.db_table}.{field.column}"
    for path in Path(files.storage().location).rglob("*"):
        if path.is_file() and any(holds(text, needles) for text in texts_of(path)):
            yield path.suffix


def texts_of(path: Path) -> list[str]:
    """The path and the file, and each entry of a ZIP file."""
    if not zipfile.is_zipfile(path):
        return [str(path), path.read_text(errors="replace")]
    with zipfile.ZipFile(path) as archive:
        return [str(path), *(archive.read(name).decode(errors="replace") for name in archive.namelist())]


def text_of(field, value) -> str:
    if isinstance(field, BinaryField):
        with contextlib.suppress(CannotDecrypt):
            return decrypt(value)
        return bytes(value).decode(errors="replace")
    return json.dumps(value, ensure_ascii=False, default=str)


def holds(text: str, needles) -> bool:
    return any(needle.casefold() in text.casefold() for needle in needles)


def by_provider(learner, admin) -> list:
    """Reviews by both protocols, with what a provider may write freely; the second is decided by ``reviewed_by``."""
    rest = rest_attempt("ext-1", submitted=True, user=learner, track=NAME)
    comment = {
        "comment": f"{NAME} looks away",
        "status": f"{NAME} was strange",
        "start": 1,
        "stop": 2,
        "severity": NAME,
    }
    score = {"value": 70, "label": f"{NAME} is odd", "thresholds": {f"of {NAME}": 50}}
    body = {
        "status": "suspicious",
        "score": score,
        "comments": [comment],
        "evidence": [{"kind": "video", "url": VIDEO}],
    }
    provider = signed_in(account_of())
    assert post(provider, reviewed(), body).status_code == 200
    assert post(provider, reviewed(), {**body, "reviewed_by": f"{NAME}’s friend"}).status_code == 200
    assert post(provider, reviewed(), {**body, "status": "passed", "reviewed_by": admin.email}).status_code == 200
    rpnow = rest_attempt("ssi-2", "rpnow", submitted=True, user=learner)
    noted = {"comments": f"{NAME} left", "eventStatus": f"{NAME}!", "eventStart": 1, "eventFinish": 2, "duration": 1}
    assert post_rpnow(Client(), rpnow_body(rpnow, "ssi-2", webCamComments=[noted], note=NAME)).status_code == 200
    return [rest, rpnow]


def by_host(learner) -> list:
    attempt = ExamAttemptFactory(user=learner, submitted=True)
    incidents = [
        api.IncidentData(status="Suspicious", comment=NAME, kind=f"{NAME} kind"),
        api.IncidentData(status="Rules Violation", comment=NAME, kind="ID"),
    ]
    evidence = [api.EvidenceData(kind="video", url=VIDEO)]
    raw = {"of": {NAME: [NAME]}}
    api.record_review(
        attempt.attempt_code, "Suspicious", incidents=incidents, evidence=evidence, raw_data=raw, claimed_name=NAME
    )
    failed = ExamAttemptFactory(user=learner, submitted=True)
    api.mark_error(failed.attempt_code, reason=f"{NAME}'s camera broke")
    api.archive_attempt(failed.attempt_code, reason=f"{NAME} asked")
    return [attempt, failed]


def decided_everywhere(attempt, admin) -> None:
    """On the page, in the admin (alone and in bulk), by the REST API and by Python; an incident is dismissed."""
    client, reason = signed_in(admin), f"{NAME} had a phone"

    def seen() -> dict:
        return {f"seen_{name}": value or "" for name, value in seen_of(attempt).items()}

    incident = Incident.objects.filter(review=attempt.reviews.last()).first()
    page = reverse("proctoring_results:dismissal", args=[attempt.attempt_code, incident.pk])
    assert client.post(page, {**seen(), "change": "dismiss", "reason": reason}).status_code == 303
    page = reverse("proctoring_results:decide", args=[attempt.attempt_code])
    written = {"reason": reason, "category": "other"}
    assert client.post(page, {**seen(), "verdict": "fail", **written}).status_code == 303
    page = reverse("admin:proctoring_results_examattempt_decide", args=[attempt.pk, "fail"])
    assert client.post(page, {**seen(), **written}).status_code == 302
    body = {"decision": "fail", "reason": reason, "seen": seen_of(attempt)}
    assert post(client, f"{V1}attempts/{attempt.attempt_code}/decisions/", body).status_code == 201
    api.fail_attempt(attempt.attempt_code, by=admin, reason=reason)
    assert attempt.changes.filter(source="person", reason=reason).count() == 4


def passed_in_bulk(learner, admin) -> None:
    """One on the page of a course, one in the admin."""
    pages = [
        reverse("proctoring_results:pass_sessions", args=[COURSE]),
        reverse("admin:proctoring_results_examattempt_pass_selected"),
    ]
    for page in pages:
        attempt = ExamAttemptFactory(user=learner, submitted=True)
        api.record_review(attempt.attempt_code, "Suspicious", raw_data={"name": NAME})
        token = token_of(attempt.attempt_code, seen_now(attempt))
        answer = signed_in(admin).post(f"{page}?chosen={attempt.pk}", {"attempt": token, "reason": f"{NAME} is fine"})
        assert answer.status_code in (200, 302)
        assert attempt.changes.get(source="person").reason == f"{NAME} is fine"


def looked_at(attempts, learner, admin) -> None:
    """Search, exports, evidence, a report and a mail about it, a message that is read and replayed, failed effects."""
    client = signed_in(admin)
    client.post(reverse("proctoring_results:search_sessions", args=[COURSE]), {"search": NAME})
    for attempt in attempts:
        client.get(reverse("proctoring_results:session", args=[attempt.attempt_code]))
        purpose = {"purpose": f"Hearing of {NAME}"}
        assert client.post(reverse("proctoring_results:export_session", args=[attempt.attempt_code]), purpose)
        client.get(reverse("admin:proctoring_results_examattempt_change", args=[attempt.pk]))
        noted(attempt, admin)
    # All but one, which still waits for a worker, and one that failed.
    first, failed, *others = Report.objects.filter(kind=CASE_FILE)
    assert first.is_unfinished
    assert all(build(case_file.pk) for case_file in others)
    Report.objects.filter(pk=failed.pk).update(state="failed", unfinished_key=None, next_try_at=None)
    report = api.request_report(COURSE, by=admin, enqueue=False)
    ReportNotification.objects.create(report=report, user=learner)
    assert build(report.pk)
    assert LmsEffect.objects.filter(kind="report", user=learner).exists()
    message = ProviderMessage.objects.first()
    client.get(reverse("admin:proctoring_results_providermessage_body", args=[message.pk]))
    api.replay_message(message.pk, by=admin)
    ProviderMessage.objects.filter(pk=message.pk).update(message_id=f"review of {NAME}", problem=NAME)
    LmsEffect.objects.update(problem=f"No mailbox of {NAME}")


def noted(attempt, admin) -> None:
    add_note(attempt.attempt_code, by=admin, text=f"{NAME} is my neighbour")
    record_look(attempt.attempt_code, by=admin)
    if not ExamAttempt.objects.get(pk=attempt.pk).archived_at:
        claim_session(attempt.attempt_code, by=admin, take_over=True)


def in_the_team(learner, admin) -> None:
    """The learner is of the team of another course, and writes there, too."""
    member = UserFactory(admin=True)
    attempt = ExamAttemptFactory(submitted=True)
    note = add_note(attempt.attempt_code, by=member, text=f"Ask {NAME} about it: {ADDRESS}")
    TeamNote.objects.filter(pk=note.pk).update(author=learner)


@pytest.fixture
def attempts(learner, admin):
    attempts = [*by_provider(learner, admin), *by_host(learner)]
    decided_everywhere(attempts[2], admin)
    passed_in_bulk(learner, admin)
    looked_at(attempts, learner, admin)
    in_the_team(learner, admin)
    return attempts


def erased(learner, admin) -> None:
    """As docs/how-to/erase-a-persons-data.md has it."""
    api.erase_learner(learner, by=admin, reason="Ticket 7")
    learner.username, learner.email = f"erased-{learner.pk}", ""
    learner.first_name = learner.last_name = ""
    learner.save()
    sweep_reports()


def test_the_scan_sees_what_there_is_before(attempts):
    tables = "examattempt statuschange examreview incident evidence providermessage lmseffect disclosure teamnote"
    scanned = set(places())
    assert {place.split(".")[0] for place in scanned} >= {f"proctoring_results_{table}" for table in tables.split()}
    assert {"auth_user.username", ".csv", ".zip", "proctoring_results_incident.kind"} <= scanned


def test_nothing_is_left_in_any_table_and_in_any_file(attempts, learner, admin):
    erased(learner, admin)
    assert sorted(set(places([*NEEDLES, VIDEO]))) == []


def test_no_case_file_comes_back_after_an_erasure(attempts, learner, admin):
    erased(learner, admin)
    case_files = Report.objects.filter(kind=CASE_FILE)
    assert {one.state for one in case_files} == {"expired", "cancelled"}
    assert not any(build(one.pk) for one in case_files)
    with pytest.raises(api.AttemptIsErased):
        api.request_case_file(attempts[0].attempt_code, purpose="Hearing", by=admin)


def test_the_schedules_of_the_erased_go_and_those_of_others_stay(attempts, learner, admin):
    learner.user_permissions.add(Permission.objects.get(codename="generate_report"))
    rhythm = Rhythm(rhythm="weekly", weekday=0, run_time=time(6))
    create_schedule(COURSE, rhythm, by=type(learner).objects.get(pk=learner.pk))
    others = create_schedule(COURSE, rhythm, by=admin)
    erased(learner, admin)
    assert list(ReportSchedule.objects.all()) == [others]


def test_nothing_comes_back_by_what_is_written_afterwards(attempts, learner, admin, settings):
    erased(learner, admin)
    for attempt in attempts:
        api.archive_attempt(attempt.attempt_code, reason=f"{NAME} asked again", by=admin)
    body = {"status": "passed", "comments": [], "reviewed_by": f"{NAME}’s friend"}
    assert post(signed_in(account_of()), reviewed(), body).status_code == 200
    assert post_rpnow(Client(), rpnow_body(attempts[1], "ssi-2", note=NAME)).status_code == 200
    assert sorted(set(places())) == []


def test_what_the_grade_book_answers_afterwards_is_not_kept(attempts, learner, admin, settings):
    erased(learner, admin)
    refusing = {"LMS": f"{__name__}.{RefusingLMS.__name__}"}
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, **refusing}
    with pytest.raises(ExceptionGroup):
        deliver_due()
    problems = set(LmsEffect.objects.exclude(problem="").values_list("problem", flat=True))
    assert problems == {"ValueError"}
    assert sorted(set(places())) == []
