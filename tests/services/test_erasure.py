"""A learner's data is erased: what goes, what stays, and that nothing comes back."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.core.management import CommandError
from django.test import Client
from django.utils import timezone

from proctoring_results import api
from proctoring_results.crypto import decrypt
from proctoring_results.effects.deliver import deliver, deliver_due
from proctoring_results.exceptions import ClaimLost
from proctoring_results.models import (
    Erasure,
    Evidence,
    ExamReview,
    Incident,
    LmsEffect,
    ProviderMessage,
    Report,
    StatusChange,
)
from proctoring_results.reports import files
from proctoring_results.reports.claims import BuildResult, Claim
from proctoring_results.services.upkeep import sweep_reports
from tests.factories import ExamAttemptFactory, ProctoredExamFactory, ReportFactory, UserFactory
from tests.rest.calling import RPNOW, account_of, post, post_rpnow, rest_attempt, reviewed, rpnow_body, signed_in
from tests.test_commands import called

pytestmark = [pytest.mark.django_db, pytest.mark.database]

SECRET = "Ada Lovelace"
REVIEW = {
    "status": "suspicious",
    "comments": [{"comment": f"{SECRET} looks away", "status": "Suspicious", "start": 1, "stop": 2}],
    "reviewed_by": SECRET,
}


@pytest.fixture(autouse=True)
def enqueued(monkeypatch):
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)


@pytest.fixture
def admin():
    return UserFactory(admin=True)


@pytest.fixture
def attempt(admin):
    """With a secret in every place that can hold one."""
    attempt = rest_attempt(submitted=True, track=SECRET)
    assert post(signed_in(account_of()), reviewed(), REVIEW).status_code == 200
    api.record_review(
        attempt.attempt_code,
        "Rules Violation",
        incidents=[api.IncidentData(status="Rules Violation", comment=SECRET)],
        claimed_name=SECRET,
        raw_data={"name": SECRET},
        evidence=[api.EvidenceData(kind="video", url="https://video.example/ada")],
    )
    marked = Incident.objects.get(review=attempt.reviews.last())
    api.dismiss_incident(marked.pk, by=admin, reason=f"{SECRET} held a book")
    api.fail_attempt(attempt.attempt_code, by=admin, reason=f"{SECRET} had a phone", category="other")
    api.archive_attempt(attempt.attempt_code, reason=f"{SECRET} asked", by=admin)
    LmsEffect.objects.update(problem=f"No mailbox of {SECRET}")
    attempt.refresh_from_db()
    return attempt


def texts_about(attempt) -> str:
    """Everything that is kept about an attempt, in one text."""
    attempt.refresh_from_db()
    rows = [attempt, *attempt.reviews.all(), *attempt.changes.all(), *attempt.effects.all(), *attempt.messages.all()]
    rows += Incident.objects.filter(review__attempt=attempt)
    opened = [decrypt(message.body) for message in attempt.messages.all()]
    opened += [decrypt(evidence.url) for evidence in Evidence.objects.filter(review__attempt=attempt)]
    return repr([{name: value for name, value in vars(row).items() if name[0] != "_"} for row in rows]) + repr(opened)


def erase(attempt, by, reason="Ticket 7"):
    erasure = api.erase_learner(attempt.user, by=by, reason=reason)
    attempt.refresh_from_db()
    return erasure


# --- What goes, and what stays ---


def test_nothing_that_names_or_describes_the_learner_is_left(attempt, admin):
    before = texts_about(attempt)
    assert before.count(SECRET) > 10
    assert "video.example" in before
    erase(attempt, admin)
    after = texts_about(attempt)
    assert SECRET not in after
    assert "video.example" not in after
    assert attempt.erased_at is not None


def test_verdicts_counts_statuses_and_who_decided_when_stay(attempt, admin):
    history = list(attempt.changes.values_list("from_status", "to_status", "at", "by", "source", "review"))
    verdicts = list(attempt.reviews.values_list("review_status", "suspicious_count", "rules_violation_count"))
    erase(attempt, admin)
    assert list(attempt.changes.values_list("from_status", "to_status", "at", "by", "source", "review")) == history
    assert list(attempt.reviews.values_list("review_status", "suspicious_count", "rules_violation_count")) == verdicts
    assert (attempt.status, attempt.archived_by) == ("rejected", admin)
    assert attempt.changes.get(source="person").category == ""
    assert attempt.changes.get(source="person").reason == attempt.archive_reason == "Erased."
    assert attempt.changes.filter(source="provider").first().reason == "Review: Suspicious"


def test_other_learners_lose_nothing(attempt, admin):
    other = ExamAttemptFactory(submitted=True, exam=attempt.exam, track="verified")
    api.record_review(other.attempt_code, "Clean", claimed_name="Grace", raw_data={"a": 1})
    api.pass_attempt(other.attempt_code, by=admin, reason="Seen")
    before = texts_about(other)
    erase(attempt, admin)
    assert texts_about(other) == before


def test_it_is_written_down_who_erased_whose_data_when_and_why(attempt, admin):
    erasure = erase(attempt, admin)
    assert (erasure.user, erasure.by, erasure.reason, erasure.attempts) == (attempt.user, admin, "Ticket 7", 1)
    assert erasure.at == attempt.erased_at


def test_twice_is_once_until_there_is_something_new(attempt, admin):
    first = erase(attempt, admin)
    assert erase(attempt, admin, "again") == first
    ExamAttemptFactory(submitted=True, user=attempt.user)
    assert erase(attempt, admin, "again").attempts == 1
    assert Erasure.objects.count() == 2


def test_somebody_without_attempts_is_written_down_once(admin):
    learner = UserFactory()
    first = api.erase_learner(learner, by=admin, reason="x")
    assert first.attempts == 0
    assert api.erase_learner(learner, by=admin, reason="x") == first


# --- Refusals ---


def test_who_lacks_the_permission_erases_nothing(attempt):
    with pytest.raises(api.AccessDenied, match="erase_learner"):
        erase(attempt, UserFactory())
    assert SECRET in texts_about(attempt)


def test_the_permission_for_one_course_is_not_enough(attempt, admin, monkeypatch):
    person = UserFactory()
    monkeypatch.setattr(person, "has_perm", lambda perm, obj=None: obj is not None)
    with pytest.raises(api.AccessDenied):
        erase(attempt, person)


def test_the_permission_is_one_of_its_own(attempt):
    person = UserFactory()
    person.user_permissions.add(Permission.objects.get(codename="erase_learner"))
    erase(attempt, type(person).objects.get(pk=person.pk))
    assert SECRET not in texts_about(attempt)


@pytest.mark.parametrize("reason", ["", "  ", "\0"])
def test_an_erasure_needs_a_reason(attempt, admin, reason):
    with pytest.raises(api.InvalidInput, match="reason"):
        erase(attempt, admin, reason)
    assert SECRET in texts_about(attempt)


def test_while_an_exam_is_under_way_nothing_is_erased(attempt, admin):
    under_way = ExamAttemptFactory(started=True, user=attempt.user)
    with pytest.raises(api.ExamUnderWay) as refusal:
        erase(attempt, admin)
    assert refusal.value.attempt == under_way
    assert SECRET in texts_about(attempt)
    assert not Erasure.objects.exists()


def test_an_exam_whose_time_is_over_is_no_longer_under_way(admin):
    overdue = ExamAttemptFactory(started=True, started_at=timezone.now() - timedelta(hours=2))
    erase(overdue, admin)
    assert (overdue.status, overdue.completed_at) == ("timed_out", overdue.started_at + timedelta(minutes=60))


def test_an_attempt_that_was_never_started_expires(admin):
    waiting = ExamAttemptFactory()
    erase(waiting, admin)
    assert (waiting.status, waiting.open_key) == ("expired", None)
    assert waiting.changes.get().by == admin


# --- Nothing comes back ---


def test_a_later_review_is_answered_and_kept_without_its_content(attempt, admin):
    erase(attempt, admin)
    reviews = ExamReview.objects.count()
    answer = post(signed_in(account_of()), reviewed(), {**REVIEW, "reviewed_by": f"{SECRET} II"})
    assert (answer.status_code, answer.json()["status_changed"]) == (200, False)
    assert "erased" in answer.json()["why"]
    assert (ExamReview.objects.count(), attempt.messages.count()) == (reviews, 2)
    assert SECRET not in texts_about(attempt)


def test_the_review_from_before_sent_again_is_answered_alike(attempt, admin):
    erase(attempt, admin)
    answer = post(signed_in(account_of()), reviewed(), REVIEW)
    assert (answer.status_code, answer.json()["status_changed"]) == (200, False)
    assert attempt.messages.count() == 1


def test_a_message_that_was_stored_and_not_processed_is_never_processed(admin, monkeypatch):
    attempt = rest_attempt(submitted=True)
    monkeypatch.setattr(
        "proctoring_results.services.messages.processing.record_mended_review", lambda *args, **kwargs: 1 / 0
    )
    post(signed_in(account_of()), reviewed(), REVIEW)
    monkeypatch.undo()
    erase(attempt, admin)
    message = ProviderMessage.objects.get()
    assert (message.state, message.next_try_at) == ("done", None)
    assert "Messages processed: 0, rescheduled: 0" in called("proctoring_upkeep")
    assert not ExamReview.objects.exists()


def test_a_host_records_and_decides_nothing_about_it(attempt, admin):
    other = ExamAttemptFactory(submitted=True, user=attempt.user)
    erase(attempt, admin)
    with pytest.raises(api.AttemptIsErased):
        api.record_review(other.attempt_code, "Clean", raw_data={"name": SECRET})
    with pytest.raises(api.AttemptIsErased):
        api.pass_attempt(other.attempt_code, by=admin, reason=SECRET)
    assert not StatusChange.objects.filter(attempt=other).exists()


def test_rpnow_does_not_teach_us_its_id_of_an_erased_attempt(admin, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, **RPNOW}
    attempt = rest_attempt(external_id=None, provider="rpnow", submitted=True)
    erase(attempt, admin)
    answer = post_rpnow(Client(), rpnow_body(attempt))
    attempt.refresh_from_db()
    assert (answer.status_code, attempt.external_id) == (200, None)


# --- What waits to be told ---


def test_mails_that_wait_are_not_sent_any_more_and_the_grade_is_still_written(admin, mailoutbox, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "LMS": "tests.fakes.RememberingLMS"}
    attempt = ExamAttemptFactory(submitted=True)
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    erase(attempt, admin)
    deliver_due()
    states = dict(LmsEffect.objects.values_list("kind", "state"))
    assert (states["mail"], states["grade"]) == ("superseded", "done")
    assert mailoutbox == []


def test_a_mail_that_is_being_sent_is_not_tried_again(admin):
    attempt = ExamAttemptFactory(submitted=True)
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    mail = LmsEffect.objects.get(kind="mail")
    fence = LmsEffect.objects.claim(mail.pk, now=timezone.now(), lease=timedelta(minutes=1))
    erase(attempt, admin)
    # What the deliverer writes when the mail server refused.
    LmsEffect.objects.filter(pk=mail.pk, fence=fence).update(next_try_at=timezone.now(), problem=SECRET)
    mail.refresh_from_db()
    assert (mail.state, mail.next_try_at, mail.problem) == ("superseded", None, "")


@pytest.fixture
def called_providers(settings):
    """Services that are called; nobody answers there."""
    service = {"base_url": "http://127.0.0.1:1", "client_id": "lms", "client_secret": "x"}
    others = {"SITE_URL": "http://localhost", "PROVIDERS": {"proctortrack": service, "examity": service}}
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, **others}


@pytest.mark.usefixtures("called_providers")
def test_each_provider_that_is_called_is_told_once_by_one_of_its_attempts(admin):
    learner = UserFactory()
    for provider in ("proctortrack", "proctortrack", "rpnow", "examity"):
        ExamAttemptFactory(submitted=True, user=learner, exam__provider=provider)
    api.erase_learner(learner, by=admin, reason="x")
    api.erase_learner(learner, by=admin, reason="x")
    calls = LmsEffect.objects.filter(call="erase_learner", user=learner)
    assert sorted(call.attempt.provider for call in calls) == ["examity", "proctortrack"]


@pytest.mark.usefixtures("called_providers")
def test_a_call_that_is_being_made_ends_before_the_provider_erases_and_is_not_made_again(admin):
    attempt = api.create_attempt(UserFactory(), ProctoredExamFactory(external_id="E"))
    call = LmsEffect.objects.get(call="create_attempt")
    fence = LmsEffect.objects.claim(call.pk, now=timezone.now(), lease=timedelta(minutes=1))
    erase(attempt, admin)
    erasure = LmsEffect.objects.get(call="erase_learner")
    assert list(LmsEffect.objects.calls_before(erasure)) == [call]
    # What the deliverer writes when there was no answer.
    LmsEffect.objects.filter(pk=call.pk, fence=fence).update(next_try_at=timezone.now(), lease_until=None)
    deliver(call.pk)
    call.refresh_from_db()
    assert call.state == "superseded"


def test_no_provider_is_told_while_none_takes_calls(attempt, admin):
    erase(attempt, admin)
    assert not LmsEffect.objects.filter(kind="provider").exists()


# --- Files ---


def test_ready_reports_of_the_learners_courses_are_taken_back_and_their_files_go(attempt, admin):
    report, other = ReportFactory(ready=True), ReportFactory(ready=True, course_id="another")
    erase(attempt, admin)
    sweep_reports()
    report.refresh_from_db()
    other.refresh_from_db()
    assert (report.state, other.state) == ("expired", "ready")
    assert not files.storage().exists(report.file.storage_key)
    assert files.storage().exists(other.file.storage_key)


def test_a_report_that_is_being_built_is_built_anew(attempt, admin):
    report = api.request_report(attempt.exam.course_id, enqueue=False)
    claim = Claim.acquire(report.pk)
    erase(attempt, admin)
    assert not claim.renew()
    with pytest.raises(ClaimLost):
        claim.publish(BuildResult(1, 1, "x", timezone.now()))
    report.refresh_from_db()
    # Another number: who looked before the commit claims nothing after it.
    assert (report.state, report.tries, report.fence) == ("queued", 0, claim.fence + 1)
    assert report in Report.objects.due(timezone.now())


@pytest.mark.django_db(transaction=True)
def test_a_report_that_was_built_before_the_commit_is_taken_back_after_it(attempt, admin, monkeypatch):
    built_meanwhile = []

    def build_first(**fields):
        built_meanwhile.append(ReportFactory(ready=True))
        return Erasure(**fields)

    # The last thing before the commit.
    monkeypatch.setattr(Erasure.objects, "create", build_first)
    api.erase_learner(attempt.user, by=admin, reason="x")
    built_meanwhile[0].refresh_from_db()
    assert built_meanwhile[0].state == "expired"


# --- At the terminal ---


def test_at_the_terminal(attempt, admin):
    output = called("proctoring_erase", attempt.user.username, "--by", admin.username, "--reason", "Ticket 7")
    assert f"The data of {attempt.user.username} was erased" in output
    assert SECRET not in texts_about(attempt)


@pytest.mark.parametrize("name", ["nobody", "LEARNER-X"])
def test_at_the_terminal_a_name_must_be_right_to_the_letter(admin, name):
    UserFactory(username="learner-x")
    with pytest.raises(CommandError, match=f"There is no user “{name}”"):
        called("proctoring_erase", name, "--by", admin.username, "--reason", "x")


def test_at_the_terminal_refusals_are_sentences(attempt, admin):
    with pytest.raises(CommandError, match="erase_learner"):
        called("proctoring_erase", attempt.user.username, "--by", UserFactory().username, "--reason", "x")
