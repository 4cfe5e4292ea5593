"""The mails: one for each decision, in the learner's language, and never untrue."""

from contextlib import suppress
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone
from django.utils.translation import get_language

from proctoring_results import api
from proctoring_results.choices import AttemptStatus
from proctoring_results.effects.deliver import deliver, deliver_due
from proctoring_results.models import LmsEffect
from proctoring_results.queries.preview import preview_decision
from proctoring_results.services.effects import retry_effects
from tests.factories import ExamAttemptFactory
from tests.fakes import RememberingMailServer
from tests.mailers import send_mails_to

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_a_submitted_exam_is_acknowledged(host, mailoutbox, transactional_db):
    attempt = ExamAttemptFactory(started=True, user__username="ada", exam__exam_name="Final")
    api.submit_attempt(attempt.attempt_code, by=attempt.user)
    deliver_due()
    [mail] = mailoutbox
    assert (mail.subject, mail.to) == ("Received: Final", ["ada@example.com"])
    assert "Pending" in mail.body


def test_satisfactory_says_so_and_no_zero_and_whom_to_ask_and_how_to_appeal(attempt, admin, mailoutbox):
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver_due()
    [mail] = mailoutbox
    assert mail.subject == "Satisfactory: Final"
    assert "set to 0" not in mail.body
    for text in (mail.body, mail.alternatives[0][0]):
        assert "ask the exam office" in text
        assert "you can appeal: write to the exam office" in text


def test_how_to_appeal_is_the_hosts_own_sentence_in_the_learners_language(
    attempt, admin, host, mailoutbox, monkeypatch
):
    monkeypatch.setattr(host, "learner_language", lambda self, user: "ar", raising=False)
    monkeypatch.setattr(host, "how_to_appeal", lambda self, course_id: f"Appeal ({get_language()})", raising=False)
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver_due()
    for text in (mailoutbox[0].body, mailoutbox[0].alternatives[0][0]):
        assert "Appeal (ar)" in text


def test_without_a_way_to_appeal_the_mail_names_none(attempt, admin, host, mailoutbox, monkeypatch):
    monkeypatch.setattr(host, "how_to_appeal", lambda self, course_id: "", raising=False)
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver_due()
    assert "appeal" not in mailoutbox[0].body
    assert "<p></p>" not in mailoutbox[0].alternatives[0][0]


def test_unsatisfactory_names_the_zero_whom_to_ask_how_to_appeal_and_the_page(attempt, admin, mailoutbox):
    api.fail_attempt(attempt.attempt_code, by=admin, reason="a secret reason")
    deliver_due()
    [mail] = mailoutbox
    html, kind = mail.alternatives[0]
    assert kind == "text/html"
    for text in (mail.body, html):
        assert "Unsatisfactory" in text
        assert "set to 0" in text
        assert "appeal" in text
        assert "the exam office" in text
        assert f"https://lms.example.com/{attempt.exam.content_id}" in text
        assert "secret" not in text


@pytest.mark.parametrize("name", ['<script>alert("x")</script>', "a\nBcc: evil@example.com", "Ω & Söhne"])
def test_names_are_text_and_nothing_else(admin, mailoutbox, name, transactional_db):
    attempt = ExamAttemptFactory(submitted=True, exam__exam_name=name)
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver_due()
    [mail] = mailoutbox
    assert "<script>" not in mail.alternatives[0][0]
    assert "\n" not in mail.subject
    assert mail.recipients() == [attempt.user.email]
    if "&" in name:
        assert name in mail.body


@pytest.mark.parametrize(
    "odd", ["two\nlines", "a\r\nBcc: evil@example.com", "\0", "\ud800", "\u2028x", " \t ", "x" * 5_000]
)
def test_no_text_breaks_a_mail(attempt, admin, host, mailoutbox, monkeypatch, odd):
    for question in ("learner_name", "course_name", "whom_to_ask", "how_to_appeal"):
        monkeypatch.setattr(host, question, lambda self, *args: odd, raising=False)
    api.fail_attempt(attempt.attempt_code, by=admin, reason=f"x {odd}".strip("\0\ud800"))
    deliver_due()
    [mail] = mailoutbox
    assert mail.subject == "Unsatisfactory: Final"
    assert mail.message().as_bytes()
    assert mail.recipients() == [attempt.user.email]


def test_a_learner_whose_account_is_not_active_gets_no_mail(attempt, admin, mailoutbox):
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    type(attempt.user).objects.update(is_active=False)
    deliver_due()
    assert mailoutbox == []
    assert set(LmsEffect.objects.values_list("state", flat=True)) == {"done"}
    preview = preview_decision(attempt.attempt_code, AttemptStatus.REJECTED)
    assert preview.effects["mail"].sentence == "No mail is sent: the learner's account is not active."


@pytest.mark.parametrize("language", ["", "no-such-language", "../de"])
def test_a_language_that_does_not_exist_breaks_no_mail(attempt, admin, host, mailoutbox, monkeypatch, language):
    monkeypatch.setattr(host, "learner_language", lambda self, user: language, raising=False)
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver_due()
    assert [mail.subject for mail in mailoutbox] == ["Satisfactory: Final"]


def test_a_mail_in_the_learners_language(attempt, admin, host, mailoutbox, monkeypatch):
    monkeypatch.setattr(host, "learner_language", lambda self, user: "ar", raising=False)
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver_due()
    assert 'lang="ar" dir="rtl"' in mailoutbox[0].alternatives[0][0]


def test_a_superseded_mail_is_marked_and_not_sent(attempt, admin, mailoutbox):
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver_due()
    assert [mail.subject for mail in mailoutbox] == ["Satisfactory: Final"]
    states = LmsEffect.objects.filter(kind="mail").order_by("pk").values_list("state", flat=True)
    assert list(states) == ["superseded", "done"]


def test_a_mail_about_an_archived_attempt_is_not_sent(attempt, admin, mailoutbox):
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    api.archive_attempt(attempt.attempt_code, reason="x")
    deliver_due()
    assert mailoutbox == []


def test_a_mail_that_is_slow_does_not_arrive_after_the_one_that_supersedes_it(attempt, admin, settings):
    send_mails_to("tests.fakes.RememberingMailServer", settings)
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver(LmsEffect.objects.get(kind="grade").pk)

    def meanwhile():
        api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
        deliver_due()

    RememberingMailServer.midst.before = [meanwhile]
    deliver(LmsEffect.objects.get(kind="mail").pk)
    with time_machine.travel(timezone.now() + timedelta(seconds=6)):
        deliver_due()
    assert [mail.subject for mail, _ in RememberingMailServer.sent] == ["Unsatisfactory: Final", "Satisfactory: Final"]


def test_no_mail_says_unsatisfactory_while_the_grade_is_dead_lettered(attempt, admin, host, mailoutbox):
    host.down = True
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    for hours in (0, 25, 26):
        with time_machine.travel(timezone.now() + timedelta(hours=hours)), suppress(ExceptionGroup):
            deliver_due()
    grade = LmsEffect.objects.get(kind="grade")
    assert (grade.state, mailoutbox) == ("parked", [])
    host.down = False
    retry_effects([grade.pk])
    with time_machine.travel(timezone.now() + timedelta(hours=27)):
        deliver_due()
    assert "set to 0" in mailoutbox[0].body


def test_a_confirmed_decision_sends_its_one_mail(attempt, admin, mailoutbox):
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    api.pass_attempt(attempt.attempt_code, by=admin, reason="sure")
    deliver_due()
    assert len(mailoutbox) == 1


def test_a_learner_without_an_address_gets_none(admin, mailoutbox, transactional_db):
    attempt = ExamAttemptFactory(submitted=True, user__email="")
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver_due()
    assert mailoutbox == []
    assert not LmsEffect.objects.waiting().exists()


def test_a_mail_that_is_sent_twice_carries_one_id(attempt, admin, mailoutbox):
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver_due()
    effect = LmsEffect.objects.get(kind="mail")
    LmsEffect.objects.filter(pk=effect.pk).update(state="waiting", next_try_at=effect.queued_at)
    deliver_due()
    first, second = mailoutbox
    assert first.extra_headers["Message-ID"] == second.extra_headers["Message-ID"]


def test_the_team_is_notified_of_a_second_review_without_disclosing_its_addresses(attempt, mailoutbox):
    api.record_review(attempt.attempt_code, "Suspicious")
    deliver_due()
    [mail] = mailoutbox
    assert (mail.to, mail.bcc) == ([], ["team@example.com"])
    assert mail.subject == "Second review required: Final, ada"


def test_the_team_is_notified_of_new_information_after_a_decision(attempt, admin, mailoutbox):
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    api.record_review(attempt.attempt_code, "Suspicious")
    deliver_due()
    assert mailoutbox[-1].subject == "New information after a decision: Final, ada"


@pytest.mark.parametrize("site", ["https://campus.example", ""])
def test_a_notice_leads_to_the_session_at_the_address_of_the_settings(attempt, mailoutbox, settings, site):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "SITE_URL": site}
    api.record_review(attempt.attempt_code, "Suspicious")
    deliver_due()
    [mail] = mailoutbox
    for text in (mail.body, mail.alternatives[0][0]):
        if site:
            assert f"https://campus.example/proctoring/sessions/{attempt.attempt_code}/" in text
        else:
            assert "session" not in text


def test_a_notice_has_no_link_on_a_site_without_the_pages(attempt, mailoutbox, settings):
    settings.ROOT_URLCONF = "proctoring_results.providers.urls"
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "SITE_URL": "https://campus.example"}
    api.record_review(attempt.attempt_code, "Suspicious")
    deliver_due()
    [mail] = mailoutbox
    assert "/proctoring/sessions/" not in mail.body


@pytest.mark.parametrize("place", ["course/course-v1_DemoX+PR101+2026", "provider/proctortrack", ""])
def test_a_host_can_replace_a_template(attempt, admin, mailoutbox, settings, tmp_path, place):
    folder = tmp_path / "proctoring_results/mail" / place
    folder.mkdir(parents=True)
    (folder / "satisfactory.txt").write_text("Own subject\n\nOwn body for {{ exam_name }}")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [str(tmp_path)]}]
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver_due()
    assert (mailoutbox[0].subject, mailoutbox[0].body) == ("Own subject", "Own body for Final\n")


@pytest.mark.parametrize(
    ("site", "link"), [("https://lms.example", "https://lms.example/proctoring/sessions/{code}/"), ("", "")]
)
def test_the_team_is_led_to_the_session_at_the_sites_own_address(attempt, mailoutbox, settings, site, link):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "SITE_URL": site}
    api.record_review(attempt.attempt_code, "Suspicious")
    deliver_due()
    [mail] = mailoutbox
    html = mail.alternatives[0][0]
    for body in (mail.body, html):
        assert ("/proctoring/sessions/" in body) is bool(link)
        assert link.format(code=attempt.attempt_code) in body


@pytest.mark.parametrize("site", ["https://lms.example", ""])
def test_a_path_of_an_exam_becomes_a_full_address_or_no_link(
    attempt, admin, host, mailoutbox, settings, monkeypatch, site
):
    settings.PROCTORING_RESULTS = {**settings.PROCTORING_RESULTS, "SITE_URL": site}
    monkeypatch.setattr(host, "exam_url", lambda *_: "/the/exam")
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver_due()
    for text in bodies(mailoutbox[0]):
        assert ("https://lms.example/the/exam" in text) is bool(site)
        assert ("/the/exam" in text) is bool(site)


# --- Another attempt holds the grade ---

HELD_BY_ANOTHER = "While another of your attempts at this exam is Unsatisfactory, your grade for this exam is 0."


def bodies(mail) -> tuple[str, str]:
    return mail.body, mail.alternatives[0][0]


@pytest.mark.parametrize("decide", [api.pass_attempt, api.fail_attempt])
def test_a_mail_says_that_another_attempt_holds_the_grade(attempt, admin, mailoutbox, decide):
    ExamAttemptFactory(user=attempt.user, exam=attempt.exam, rejected=True)
    decide(attempt.attempt_code, by=admin, reason="x")
    deliver_due()
    [mail] = mailoutbox
    assert all(body.count(HELD_BY_ANOTHER) == 1 for body in bodies(mail))


def test_a_receipt_says_so_too(mailoutbox, transactional_db):
    failed = ExamAttemptFactory(rejected=True)
    attempt = ExamAttemptFactory(started=True, user=failed.user, exam=failed.exam)
    api.submit_attempt(attempt.attempt_code)
    deliver_due()
    assert all(HELD_BY_ANOTHER in body for body in bodies(mailoutbox[0]))


@pytest.mark.parametrize(
    "other", [{"verified": True}, {"rejected": True, "archived": True}, {"rejected": True, "is_sample_attempt": True}]
)
def test_no_mail_says_so_if_no_other_attempt_that_counts_is_rejected(attempt, admin, mailoutbox, other):
    ExamAttemptFactory(user=attempt.user, exam=attempt.exam, **other)
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver_due()
    assert HELD_BY_ANOTHER not in mailoutbox[0].body


def test_no_mail_says_so_in_a_course_that_holds_no_grades(attempt, admin, host, mailoutbox):
    host.holding = False
    ExamAttemptFactory(user=attempt.user, exam=attempt.exam, rejected=True)
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver_due()
    assert HELD_BY_ANOTHER not in mailoutbox[0].body


def test_a_mail_that_names_another_attempts_zero_waits_for_the_grade(attempt, admin, host, mailoutbox):
    other = ExamAttemptFactory(user=attempt.user, exam=attempt.exam, submitted=True)
    host.down = True
    api.fail_attempt(other.attempt_code, by=admin, reason="x")
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    with suppress(ExceptionGroup):
        deliver_due()
    assert mailoutbox == []
    host.down = False
    for minutes in (1, 2):
        with time_machine.travel(timezone.now() + timedelta(minutes=minutes)):
            deliver_due()
    assert [HELD_BY_ANOTHER in mail.body for mail in mailoutbox if mail.subject.startswith("Satis")] == [True]
