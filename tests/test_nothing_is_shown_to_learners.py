"""No page, mail or API of a learner shows what the team and the services have, nor another person's data.

A needle lies in every text and number of every table that is not the learner's to read, and each address of the app is
asked as the learner. Both are found by introspection: a new column has its needle, and a new address is asked, without
a change here. What a learner may read is named in ``LEARNERS``.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, is_dataclass
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core import mail
from django.db import models
from django.template import Context, Template
from django.urls import URLPattern, URLResolver, reverse
from django.utils import timezone

from proctoring_results import api, crypto, urls
from proctoring_results.effects.deliver import deliver_due
from proctoring_results.jobs.lease import LeasedTask
from proctoring_results.models import Appeal, ExamAttempt, Incident, ProviderMessage, TeamNote
from proctoring_results.queries import learner as learner_queries
from proctoring_results.services.claims import claim_session
from proctoring_results.services.looks import record_look
from proctoring_results.services.notes import add_note
from tests.factories import (
    COURSE,
    EvidenceFactory,
    ExamAttemptFactory,
    ProctoredExamFactory,
    ReportFactory,
    ReportScheduleFactory,
    UserFactory,
)
from tests.host.models import CourseRole, Role
from tests.rest.calling import signed_in

pytestmark = pytest.mark.django_db(transaction=True)

OURS = apps.get_app_config("proctoring_results")
# What a learner may read of their own rows. Whoever adds a column that learners read adds its name here.
LEARNERS = {
    "proctoredexam": "course_id content_id exam_name time_limit_mins provider external_id",
    "examattempt": "attempt_code provider external_id track allowed_time_limit_mins extra_time_mins",
    "lmseffect": "subject",
}
# What the words of a suspicion would be, in a table or on a page.
PHRASES = ("second_review_required", "Suspicious", "Rules Violation", "requires attention")


# --- The needles ---


def needle_columns(model) -> Iterator[models.Field]:
    """Texts that are free, and numbers that are no counts of jobs and no keys."""
    jobs = {field.name for field in LeasedTask._meta.get_fields()}
    readable = LEARNERS.get(model._meta.model_name, "").split()
    for field in model._meta.concrete_fields:
        if field.primary_key or field.is_relation or field.choices or field.name in {*jobs, *readable}:
            continue
        if isinstance(field, models.CharField | models.TextField | models.JSONField | models.BinaryField):
            yield field


def needle_of(field) -> str:
    """Return the needle, which no other column has, as short as the column needs it."""
    names = [f"{model._meta.model_name}.{one.name}" for model in OURS.get_models() for one in needle_columns(model)]
    number = names.index(f"{field.model._meta.model_name}.{field.name}")
    return f"zq{number:03d}qz"


def value_of(field, row):
    needle = needle_of(field)
    if isinstance(field, models.JSONField):
        return {needle: [needle]}
    if isinstance(field, models.BinaryField):
        return crypto.encrypt(json.dumps({"n": needle}))
    return f"{needle}{row.pk}" if field.unique else needle


def lay_needles() -> None:
    """Into each row that has the text at all: an empty one, and one that must be empty, stays so."""
    for model in OURS.get_models():
        for row in model._base_manager.all():
            texts = {
                field.attname: value_of(field, row) for field in needle_columns(model) if getattr(row, field.attname)
            }
            if texts:
                model._base_manager.filter(pk=row.pk).update(**texts)


def needles() -> dict[str, str]:
    """Return needle → where it was laid, in this app and in the names of other people."""
    ours = {needle_of(field): str(field) for model in OURS.get_models() for field in needle_columns(model)}
    return {
        **ours,
        "zq-colleague": "a reviewer's name",
        "zq-looker": "a colleague's name",
        "zq-other": "another learner's name",
    }


# --- The world ---


@pytest.fixture(autouse=True)
def host(settings, monkeypatch):
    settings.PROCTORING_RESULTS = {
        **settings.PROCTORING_RESULTS,
        "LMS": "tests.fakes.RememberingLMS",
        "APPEAL_DAYS": 14,
    }
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **options: None)
    # Each address is asked many times.
    rates = dict.fromkeys(("proctoring_results_calls", "proctoring_results_reports", "proctoring_results_guesses"))
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "DEFAULT_THROTTLE_RATES": rates}


def suspected(user, exam, colleague) -> ExamAttempt:
    """An attempt about which everything has been written that can be written before a decision."""
    attempt = ExamAttemptFactory(submitted=True, user=user, exam=exam)
    incidents = [api.IncidentData(status=status, comment="x", kind="id") for status in ("Suspicious", "Odd")]
    review = api.record_review(
        attempt.attempt_code,
        "Suspicious",
        incidents=incidents,
        raw_data={"score": "x"},
        claimed_name="x",
        evidence=[api.EvidenceData(kind="video", url="https://video.example/x")],
    )
    EvidenceFactory(review=review, position=9)
    api.dismiss_incident(Incident.objects.filter(review=review).first().pk, by=colleague, reason="x")
    # A person who has done nothing else.
    looker = UserFactory(admin=True, username=f"zq-looker-{user.username}")
    add_note(attempt.attempt_code, by=looker, text="x")
    record_look(attempt.attempt_code, by=looker)
    claim_session(attempt.attempt_code, by=looker)
    api.request_case_file(attempt.attempt_code, purpose="x", by=looker)
    ProviderMessage.objects.create(
        provider="x", channel="x", attempt=attempt, message_id="x", body=b"x", received_at=timezone.now(), caller="x"
    )
    return attempt


@pytest.fixture
def world():
    colleague = UserFactory(admin=True, username="zq-colleague", first_name="zq-colleague")
    other = UserFactory(username="zq-other", first_name="zq-other", last_name="zq-other")
    learner = UserFactory(username="ada", first_name="Ada")
    exam = ProctoredExamFactory(review_policy="x")
    world = SimpleNamespace(
        colleague=colleague,
        learner=learner,
        own=suspected(learner, exam, colleague),
        other=suspected(other, exam, colleague),
        report=ReportFactory(ready=True, requested_by=colleague),
        schedule=ReportScheduleFactory(owner=colleague),
    )
    # About somebody else it may be decided already.
    api.fail_attempt(world.other.attempt_code, by=colleague, reason="x", category="other")
    now, decision = timezone.now(), world.other.changes.latest("pk")
    Appeal.objects.create(attempt=world.other, decision=decision, at=now, text="x", answer_due_at=now)
    lay_needles()
    return world


# --- What a person gets ---


def patterns(urlpatterns, namespace="") -> Iterator[tuple[str, list[str]]]:
    """Yield the name of each address, and those of its parts."""
    for pattern in urlpatterns:
        if isinstance(pattern, URLResolver):
            yield from patterns(pattern.url_patterns, getattr(pattern, "namespace", "") or namespace)
        elif isinstance(pattern, URLPattern) and pattern.name:
            yield f"{namespace}:{pattern.name}", list(pattern.pattern.converters)


def values(world) -> dict[str, list[object]]:
    """Return what may stand in an address, by the name of its part: one's own, and somebody else's."""
    both = [world.own, world.other]
    return {
        "attempt_code": [attempt.attempt_code for attempt in both],
        "code": [attempt.attempt_code for attempt in both],
        "course_id": [COURSE],
        "exam_id": [world.own.exam_id],
        "external_id": ["x"],
        "incident_id": [Incident.objects.filter(review__attempt=attempt).first().pk for attempt in both],
        "name": ["proctortrack"],
        "note_id": [attempt.notes.first().pk for attempt in both],
        "report_id": [world.report.task_id],
        "review_id": [attempt.reviews.first().pk for attempt in both],
        "schedule_id": [world.schedule.schedule_id],
        "task_id": [world.report.task_id],
        "token": [api.download_link(world.report, world.colleague)],
    }


def addresses(world) -> Iterator[str]:
    known = values(world)
    for name, parts in patterns(urls.urlpatterns):
        unknown = [part for part in parts if part not in known]
        assert not unknown, f"Say in values() what may stand for {unknown} in the address {name}."
        for number in (0, -1):
            yield reverse(name, args=[known[part][number] for part in parts])


def read_by(user, world) -> Iterator[tuple[str, str]]:
    """Yield what each address shows this person, with the address."""
    client = signed_in(user)
    for address in dict.fromkeys(addresses(world)):
        # The REST API refuses a parameter that it does not know.
        for params in ({}, {"course_id": COURSE}):
            yield f"GET {address}", answer(client.get(address, params))


def sent_by(user, world) -> Iterator[tuple[str, str]]:
    """Yield what each address answers this person to what they send."""
    client = signed_in(user)
    course, form = {"course_id": COURSE}, {"search": "zq", "reason": "x", "verdict": "pass", "text": "x"}
    for address in dict.fromkeys(addresses(world)):
        kind = {"content_type": "application/json"} if "/v1/" in address else {}
        for fields in ({}, course, form):
            yield f"POST {address}", answer(client.post(address, fields, **kind))
        yield f"DELETE {address}", answer(client.delete(address))


def answer(response) -> str:
    content = b"".join(response) if response.streaming else response.content
    return f"{response.headers}\n{content.decode(errors='replace')}"


def results_of(learner, exam) -> Iterator[tuple[str, str]]:
    """Yield what a host's page shows by the template tag and the Python API."""
    tag = "{% load proctoring_results %}{% proctoring_result user course_id content_id %}"
    context = {"user": learner, "course_id": exam.course_id, "content_id": exam.content_id}
    yield "the template tag", Template(tag).render(Context(context))
    result = learner_queries.learner_result(learner, exam)
    assert is_dataclass(result)
    yield "LearnerResult", json.dumps(asdict(result), default=str)


def mails_to(learner) -> Iterator[tuple[str, str]]:
    deliver_due()
    for message in mail.outbox:
        if learner.email in message.to:
            parts = [message.body, *(str(content) for content, _ in message.alternatives)]
            yield f"the mail “{message.subject}”", "\n".join([message.subject, *parts])


def places_of(texts, sought) -> list[str]:
    return sorted(
        {f"{where} in {place}" for place, text in texts for needle, where in sought.items() if needle in text}
    )


# --- Before a decision ---


def test_before_a_decision_no_address_shows_the_learner_anything_of_the_team_or_of_others(world):
    phrases = {phrase: f"the words “{phrase}”" for phrase in PHRASES}
    texts = [*read_by(world.learner, world), *sent_by(world.learner, world)]
    assert places_of(texts, {**needles(), **phrases}) == []


def test_before_a_decision_no_result_and_no_mail_shows_it(world):
    texts = [*results_of(world.learner, world.own.exam), *mails_to(world.learner)]
    assert texts
    assert places_of(texts, {**needles(), **{phrase: phrase for phrase in PHRASES}}) == []


def test_a_mail_about_a_submitted_exam_shows_nothing(world):
    attempt = ExamAttemptFactory(started=True, user=world.learner)
    api.submit_attempt(attempt.attempt_code, by=world.learner)
    lay_needles()
    mails = list(mails_to(world.learner))
    assert mails
    assert places_of(mails, needles()) == []


# --- After it ---


@pytest.mark.parametrize("verdict", ["pass_attempt", "fail_attempt"])
def test_after_a_decision_nothing_of_others_or_of_the_team_is_shown(world, verdict):
    getattr(api, verdict)(world.own.attempt_code, by=world.colleague, reason="x", category="other")
    claim_session(world.own.attempt_code, by=world.colleague)
    lay_needles()
    texts = [
        *read_by(world.learner, world),
        *sent_by(world.learner, world),
        *results_of(world.learner, world.own.exam),
        *mails_to(world.learner),
    ]
    assert any("the mail" in place for place, _ in texts)
    assert places_of(texts, needles()) == []


def test_while_a_decision_can_be_undone_it_is_as_if_it_had_not_been_made(world, settings):
    """On every page, by every API: the words of the result, too."""
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "DECISION_UNDO_TIME": timedelta(minutes=1)}
    api.fail_attempt(world.own.attempt_code, by=world.colleague, reason="x")
    results = dict.fromkeys(("Unsatisfactory", '"unsatisfactory"', "being decided"), "the result")
    texts = [*read_by(world.learner, world), *sent_by(world.learner, world), *mails_to(world.learner)]
    assert places_of([*texts, *results_of(world.learner, world.own.exam)], results) == []


# --- A learner who is of the team as well ---


def test_a_learner_of_the_team_is_shown_no_note_look_or_claim_about_themselves(world):
    CourseRole.objects.create(user=world.learner, course_id=COURSE, role=Role.INSTRUCTOR)
    TeamNote.objects.filter(attempt=world.other).update(text="y")
    sought = {"zq-looker-ada": "who has looked and written", needle_of(note_text()): "the note"}
    assert places_of([*read_by(world.learner, world), *sent_by(world.learner, world)], sought) == []


# --- The scan itself ---


def note_text():
    return OURS.get_model("teamnote")._meta.get_field("text")


def test_the_scan_finds_what_a_member_of_the_team_is_shown(world):
    places = places_of(read_by(world.colleague, world), needles())
    columns = "teamnote.text incident.comment examreview.version_reason statuschange.reason statuschange.category"
    for column in columns.split():
        assert any(f"proctoring_results.{column.title()}".casefold() in place.casefold() for place in places), column


def test_a_needle_lies_in_every_table_about_attempts(world):
    about_attempts = [
        model
        for model in OURS.get_models()
        if any(field.related_model in (ExamAttempt, *REVIEW) for field in model._meta.concrete_fields)
        and any(True for _ in needle_columns(model))
    ]
    empty = [model.__name__ for model in about_attempts if not model._base_manager.exists()]
    assert empty == [], "Write such a row in suspected()."


REVIEW = (OURS.get_model("examreview"), Incident)
