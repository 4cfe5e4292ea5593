"""A learner appeals against an Unsatisfactory result, once and in time, and somebody else decides."""

from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from proctoring_results import api
from proctoring_results.choices import AttentionReason, EffectKind
from proctoring_results.effects.deliver import deliver_due
from proctoring_results.lms import NullLMS
from proctoring_results.models import Appeal, ExamAttempt, LmsEffect
from proctoring_results.models.attention import attention_reasons
from proctoring_results.queries.preview import preview_decision, seen_now
from proctoring_results.queries.timeline import timeline
from proctoring_results.services.selection import pass_selection, preview_selection
from tests.factories import ExamAttemptFactory, ProctoredExamFactory, UserFactory
from tests.racing import at_once, of_type

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.database]

TEXT = "It was my cat that walked through the room."


class ParisLMS(NullLMS):
    def time_zone(self, course_id):
        return "Europe/Paris"

    def course_team(self, course_id):
        return ["team@example.com"]

    def hold_at_zero(self, user, course_id, content_id):
        pass


@pytest.fixture(autouse=True)
def host(settings, monkeypatch):
    settings.PROCTORING_RESULTS = {
        "LMS": "tests.services.test_appeals.ParisLMS",
        "APPEAL_DAYS": 14,
        # Nothing waits, but in the tests of Undo below.
        "DECISION_UNDO_TIME": timedelta(0),
        "APPEAL_ANSWER_DAYS": 7,
        "SITE_URL": "https://lms.example",
    }
    monkeypatch.setattr("proctoring_results.jobs.enqueue.enqueue", lambda *args, **_: True)


@pytest.fixture
def first():
    """Who decided first."""
    return UserFactory(admin=True)


@pytest.fixture
def second():
    return UserFactory(admin=True)


@pytest.fixture
def attempt(first):
    """Failed just now by the first reviewer, and the mails of that are sent."""
    attempt = ExamAttemptFactory(submitted=True, user__username="ada", exam__exam_name="Final")
    failed = api.fail_attempt(attempt.attempt_code, by=first, reason="A second person was in the room")
    deliver_due()
    return failed


def appealed(attempt: ExamAttempt, text: str = TEXT) -> Appeal:
    return api.appeal(attempt.attempt_code, by=attempt.user, text=text)


def fresh(attempt: ExamAttempt) -> ExamAttempt:
    return ExamAttempt.objects.select_related("exam").get(pk=attempt.pk)


def why(attempt: ExamAttempt) -> list[AttentionReason]:
    return attention_reasons([fresh(attempt)]).get(attempt.pk, [])


# ------------------------------------------------------------------------------------------------------ making one


def test_an_appeal_requires_attention_and_changes_neither_status_nor_grade(attempt):
    appealed(attempt)
    assert why(attempt) == [AttentionReason.APPEAL]
    assert fresh(attempt).attention_since is not None
    assert fresh(attempt).status == "rejected"
    assert not LmsEffect.objects.waiting().filter(kind=EffectKind.GRADE).exists()


@time_machine.travel(datetime(2026, 5, 1, 23, 30, tzinfo=UTC), tick=False)
def test_an_appeal_has_to_be_answered_by_the_end_of_a_day_of_the_course(attempt):
    # In Paris it is the 2nd of May already.
    assert appealed(attempt).answer_due_at == datetime(2026, 5, 9, 21, 59, 59, tzinfo=UTC)


def test_a_second_appeal_against_a_decision_is_refused(attempt, second):
    appealed(attempt)
    with pytest.raises(api.AppealRefused, match="appealed already"):
        appealed(attempt)
    api.fail_attempt(attempt.attempt_code, by=second, reason="It was no cat")
    with pytest.raises(api.AppealRefused, match="final"):
        appealed(attempt)


def test_a_new_decision_can_be_appealed_against_again(attempt, first, second):
    appealed(attempt)
    api.pass_attempt(attempt.attempt_code, by=second, reason="A cat")
    api.fail_attempt(attempt.attempt_code, by=first, reason="A phone as well")
    appealed(attempt)
    assert attempt.appeals.count() == 2


def test_two_appeals_at_once_are_one(attempt):
    outcomes = at_once(*[lambda: appealed(attempt)] * 4)
    assert len(of_type(Appeal, outcomes)) == 1
    assert len(of_type(api.AppealRefused, outcomes)) == 3


@pytest.mark.parametrize("days", [14, 15])
def test_an_appeal_is_possible_until_the_end_of_the_last_day(attempt, days):
    with time_machine.travel(timezone.now() + timedelta(days=days), tick=False):
        if days == 14:
            appealed(attempt)
        else:
            with pytest.raises(api.AppealRefused, match="time to appeal is over"):
                appealed(attempt)


# What may happen to a failed attempt, by name.
EVENTS = {
    "nothing": lambda attempt, another: None,
    "it is confirmed": lambda attempt, another: api.fail_attempt(attempt.attempt_code, by=another, reason="x"),
    "it is passed": lambda attempt, another: api.pass_attempt(attempt.attempt_code, by=another, reason="x"),
    "an appeal": lambda attempt, another: appealed(attempt),
    "an appeal, answered by Fail": lambda attempt, another: (
        appealed(attempt),
        api.fail_attempt(attempt.attempt_code, by=another, reason="x"),
    ),
    "it is passed, and failed again": lambda attempt, another: (
        api.pass_attempt(attempt.attempt_code, by=another, reason="x"),
        api.fail_attempt(attempt.attempt_code, by=another, reason="x"),
    ),
    "it is archived": lambda attempt, another: api.archive_attempt(attempt.attempt_code, reason="x"),
    "the learner is erased": lambda attempt, another: api.erase_learner(attempt.user, by=another, reason="x"),
    "the exam becomes a practice exam": lambda attempt, another: api.update_exam(
        attempt.exam.course_id, attempt.exam.content_id, is_practice_exam=True
    ),
}


@pytest.mark.parametrize("days", [0, 14, 15])
@pytest.mark.parametrize("event", EVENTS)
def test_a_result_names_the_last_day_just_when_an_appeal_is_taken(attempt, second, event, days):
    EVENTS[event](attempt, second)
    with time_machine.travel(timezone.now() + timedelta(days=days)):
        result = api.learner_result(attempt.user, fresh(attempt).exam)
        is_named = result is not None and result.appeal_until is not None
        try:
            appealed(fresh(attempt))
        except (api.AppealRefused, api.AttemptIsArchived, api.AttemptIsErased):
            is_taken = False
        else:
            is_taken = True
    assert is_named is is_taken


def test_a_site_without_appeals_takes_none(attempt, settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "APPEAL_DAYS": 0}
    with pytest.raises(api.AppealRefused, match="not made here"):
        appealed(attempt)


@pytest.mark.parametrize("trait", ["started", "submitted", "verified"])
def test_without_an_unsatisfactory_result_there_is_nothing_to_appeal_against(trait):
    with pytest.raises(api.AppealRefused, match="no result"):
        appealed(ExamAttemptFactory(**{trait: True}))


def test_a_practice_result_cannot_be_appealed_against(first):
    practice = ExamAttemptFactory(submitted=True, exam=ProctoredExamFactory(is_practice_exam=True))
    api.fail_attempt(practice.attempt_code, by=first, reason="x")
    with pytest.raises(api.AppealRefused):
        appealed(practice)


def test_nobody_appeals_about_anothers_attempt(attempt):
    with pytest.raises(api.NotFound):
        api.appeal(attempt.attempt_code, by=UserFactory(admin=True), text=TEXT)


def test_an_archived_attempt_cannot_be_appealed_about(attempt):
    api.archive_attempt(attempt.attempt_code, reason="a new start")
    with pytest.raises(api.AttemptIsArchived):
        appealed(attempt)


@pytest.mark.parametrize("text", ["", " \n ", "\u3164", "a\0b", "\ud800", "x" * 10_001])
def test_an_appeal_needs_a_text_that_can_be_kept(attempt, text):
    with pytest.raises(api.InvalidInput) as refusal:
        appealed(attempt, text)
    assert refusal.value.field == "text"
    assert not Appeal.objects.exists()


def test_an_appeal_against_a_providers_decision_is_possible():
    attempt = ExamAttemptFactory(submitted=True, provider="proctortrack")
    ExamAttempt.objects.filter(pk=attempt.pk).update(status="second_review_required")
    attempt.changes.create(
        from_status="second_review_required", to_status="rejected", at=timezone.now(), source="provider"
    )
    ExamAttempt.objects.filter(pk=attempt.pk).update(status="rejected")
    assert appealed(attempt).decision.source == "provider"


# ------------------------------------------------------------------------------------------------------ who decides


def test_whoever_decided_before_cannot_answer_the_appeal(attempt, first):
    appealed(attempt)
    for decide in (api.pass_attempt, api.fail_attempt):
        with pytest.raises(api.DecidedBefore):
            decide(attempt.attempt_code, by=first, reason="I was right")
    assert Appeal.objects.open().count() == 1


def test_whoever_confirmed_the_decision_cannot_answer_the_appeal_either(attempt, second):
    api.fail_attempt(attempt.attempt_code, by=second, reason="I agree")
    appealed(attempt)
    with pytest.raises(api.DecidedBefore):
        api.pass_attempt(attempt.attempt_code, by=second, reason="A cat")


def test_whoever_answered_an_appeal_may_decide_again(attempt, second):
    appealed(attempt)
    api.fail_attempt(attempt.attempt_code, by=second, reason="No cat")
    assert api.pass_attempt(attempt.attempt_code, by=second, reason="A cat after all").status == "verified"


def test_a_person_whom_the_provider_named_cannot_answer_the_appeal(first):
    attempt = ExamAttemptFactory(submitted=True)
    api.record_review(attempt.attempt_code, "Suspicious", reviewed_by=first)
    appealed(attempt)
    with pytest.raises(api.DecidedBefore):
        api.pass_attempt(attempt.attempt_code, by=first, reason="x")


def test_an_appeal_is_not_passed_together_with_others(attempt, second):
    appealed(attempt)
    [candidate] = preview_selection({attempt.attempt_code: None}, by=second)
    assert "appealed" in candidate.why_not
    [outcome] = pass_selection({attempt.attempt_code: None}, by=second, reason="all fine")
    assert not outcome.is_passed


def test_a_decision_on_a_page_without_the_appeal_is_refused(attempt, second):
    seen = seen_now(attempt)
    appealed(attempt)
    with pytest.raises(api.StaleDecision):
        api.fail_attempt(attempt.attempt_code, by=second, reason="as before", seen=seen)
    api.fail_attempt(attempt.attempt_code, by=second, reason="no cat", seen=seen_now(attempt))


# ------------------------------------------------------------------------------------------------------ the answer


@pytest.mark.parametrize(("decide", "status"), [(api.pass_attempt, "verified"), (api.fail_attempt, "rejected")])
def test_the_next_decision_is_the_answer(attempt, second, decide, status):
    appeal = appealed(attempt)
    decide(attempt.attempt_code, by=second, reason="seen again")
    appeal.refresh_from_db()
    assert appeal.answer.to_status == status
    assert why(attempt) == []
    assert fresh(attempt).appeal_due_at is None


def test_a_provider_that_looks_again_answers_only_with_a_satisfactory_result():
    attempt = ExamAttemptFactory(submitted=True)
    api.record_review(attempt.attempt_code, "Suspicious")
    ExamAttempt.objects.filter(pk=attempt.pk).update(status="rejected")
    attempt.changes.create(from_status="submitted", to_status="rejected", at=timezone.now(), source="provider")
    appeal = appealed(attempt)
    api.record_review(attempt.attempt_code, "Suspicious")
    assert AttentionReason.APPEAL in why(attempt)
    api.record_review(attempt.attempt_code, "Clean")
    appeal.refresh_from_db()
    assert appeal.answer.to_status == "verified"


@pytest.mark.parametrize(
    ("decide", "sentence"),
    [(api.pass_attempt, "Your appeal was upheld"), (api.fail_attempt, "The result stands")],
)
def test_the_learner_gets_one_mail_with_the_answer_and_no_reason(attempt, second, mailoutbox, decide, sentence):
    appealed(attempt)
    deliver_due()
    mailoutbox.clear()
    decide(attempt.attempt_code, by=second, reason="a secret reason")
    deliver_due()
    [mail] = mailoutbox
    assert (mail.subject, mail.to) == ("Answer to your appeal: Final", ["ada@example.com"])
    for text in (mail.body, mail.alternatives[0][0]):
        assert sentence in text
        assert "secret" not in text
        assert second.username not in text


def test_the_learner_gets_a_receipt_and_the_course_team_a_notice(attempt, mailoutbox):
    mailoutbox.clear()
    with time_machine.travel(datetime(2026, 11, 29, 9, tzinfo=UTC)):
        attempt.changes.update(at=timezone.now())
        appealed(attempt)
        deliver_due()
    notice, receipt = sorted(mailoutbox, key=lambda mail: len(mail.to))
    assert (receipt.subject, receipt.to) == ("Appeal received: Final", ["ada@example.com"])
    assert (notice.subject, notice.bcc) == ("Appeal: Final, ada", ["team@example.com"])
    for mail in (receipt, notice):
        for text in (mail.body, mail.alternatives[0][0]):
            assert "6 Dec 2026" in text
            assert TEXT not in text


def test_a_learner_whose_account_is_not_active_gets_no_mail(attempt, mailoutbox):
    attempt.user.is_active = False
    attempt.user.save()
    mailoutbox.clear()
    appealed(attempt)
    deliver_due()
    assert [mail.subject for mail in mailoutbox] == ["Appeal: Final, ada"]


def test_the_preview_names_the_answer_where_nothing_else_follows(attempt):
    appealed(attempt)
    sentences = [
        step.sentence for step in preview_decision(attempt.attempt_code, api.AttemptStatus.REJECTED).consequences
    ]
    assert any("answer to the appeal" in sentence for sentence in sentences)


def test_the_history_has_the_appeal_with_its_text(attempt):
    appealed(attempt)
    [event] = [event for event in timeline(attempt) if event.kind == "appeal"]
    assert (event.who, event.detail) == ("learner", TEXT)


def test_the_mail_of_an_unsatisfactory_result_says_until_when_to_appeal(attempt, mailoutbox):
    last_day = date.fromisoformat(f"{timezone.now():%Y-%m-%d}") + timedelta(days=14)
    [mail] = mailoutbox
    for text in (mail.body, mail.alternatives[0][0]):
        assert "you can appeal until" in text
        assert str(last_day.year) in text
        assert "write to" not in text


# ------------------------------------------------------------------------------------------------------ afterwards


def test_an_erasure_removes_the_text_and_leaves_nothing_to_decide(attempt, first):
    appeal = appealed(attempt)
    api.erase_learner(attempt.user, by=first, reason="asked")
    appeal.refresh_from_db()
    assert TEXT not in appeal.text
    assert why(attempt) == []
    assert fresh(attempt).attention_since is None


@pytest.fixture
def undoable(settings):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "DECISION_UNDO_TIME": timedelta(seconds=60)}


@pytest.mark.parametrize("decide", [api.pass_attempt, api.fail_attempt])
def test_an_answer_that_is_undone_opens_the_appeal_again_for_the_same_person(
    attempt, second, mailoutbox, undoable, decide
):
    appeal = appealed(attempt)
    deliver_due()
    mailoutbox.clear()
    decide(attempt.attempt_code, by=second, reason="a slip")
    api.undo_decision(attempt.attempt_code, by=second)
    appeal.refresh_from_db()
    assert (appeal.answer, fresh(attempt).appeal_due_at) == (None, appeal.answer_due_at)
    assert why(attempt) == [AttentionReason.APPEAL]
    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=False):
        deliver_due()
        assert mailoutbox == []
        api.pass_attempt(attempt.attempt_code, by=second, reason="A cat")


def test_the_answer_waits_until_it_can_no_longer_be_undone(attempt, second, mailoutbox, undoable):
    appealed(attempt)
    deliver_due()
    mailoutbox.clear()
    api.fail_attempt(attempt.attempt_code, by=second, reason="No cat")
    deliver_due()
    assert mailoutbox == []
    with time_machine.travel(timezone.now() + timedelta(minutes=5), tick=False):
        deliver_due()
    assert [mail.subject for mail in mailoutbox] == ["Answer to your appeal: Final"]


def test_nobody_appeals_while_the_decision_can_still_be_undone(first, undoable):
    attempt = ExamAttemptFactory(submitted=True)
    api.fail_attempt(attempt.attempt_code, by=first, reason="A phone")
    # As before the decision, of which the learner knows nothing yet.
    with pytest.raises(api.AppealRefused, match="There is no result"):
        appealed(attempt)


def test_a_learner_is_refused_as_before_while_the_answer_can_still_be_undone(attempt, second, undoable):
    appealed(attempt)
    api.pass_attempt(attempt.attempt_code, by=second, reason="A cat")
    with pytest.raises(api.AppealRefused, match="appealed already"):
        appealed(attempt)


def test_the_days_are_counted_from_when_the_decision_takes_effect(first, undoable):
    attempt = ExamAttemptFactory(submitted=True)
    # Half a minute before midnight in Paris.
    with time_machine.travel(datetime(2026, 5, 1, 21, 59, 30, tzinfo=UTC), tick=False):
        api.fail_attempt(attempt.attempt_code, by=first, reason="A phone")
    with time_machine.travel(datetime(2026, 5, 16, 12, tzinfo=UTC), tick=False):
        appealed(attempt)
