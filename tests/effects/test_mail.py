"""The mails: one a decision, in the learner's words, and nothing that is not true."""

import pytest

from proctoring_results import api
from proctoring_results.effects.deliver import deliver_due
from proctoring_results.models import LmsEffect
from tests.factories import ExamAttemptFactory

pytestmark = [pytest.mark.django_db(transaction=True)]


def test_a_receipt_for_what_was_handed_in(host, mailoutbox, transactional_db):
    attempt = ExamAttemptFactory(started=True, user__username="ada", exam__exam_name="Final")
    api.submit_attempt(attempt.attempt_code, by=attempt.user)
    deliver_due()
    [mail] = mailoutbox
    assert (mail.subject, mail.to) == ("Received: Final", ["ada@example.com"])
    assert "Pending" in mail.body


def test_satisfactory_says_so_and_no_zero(attempt, admin, mailoutbox):
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    deliver_due()
    [mail] = mailoutbox
    assert mail.subject == "Satisfactory: Final"
    assert "set to 0" not in mail.body


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


def test_a_mail_about_an_attempt_that_was_put_aside_is_not_sent(attempt, admin, mailoutbox):
    api.fail_attempt(attempt.attempt_code, by=admin, reason="x")
    api.archive_attempt(attempt.attempt_code, reason="x")
    deliver_due()
    assert mailoutbox == []


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


def test_the_team_is_told_of_a_second_review_without_showing_its_addresses(attempt, mailoutbox):
    api.record_review(attempt.attempt_code, "Suspicious")
    deliver_due()
    [mail] = mailoutbox
    assert (mail.to, mail.bcc) == ([], ["team@example.com"])
    assert mail.subject == "Second review required: Final, ada"


def test_the_team_is_told_of_new_information_after_a_decision(attempt, admin, mailoutbox):
    api.pass_attempt(attempt.attempt_code, by=admin, reason="x")
    api.record_review(attempt.attempt_code, "Suspicious")
    deliver_due()
    assert mailoutbox[-1].subject == "New information after a decision: Final, ada"


@pytest.mark.parametrize("place", ["course/course-v1_DemoX+PR101+2026", "provider/proctortrack", ""])
def test_a_host_puts_its_own_words_in_place_of_ours(attempt, admin, mailoutbox, settings, tmp_path, place):
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
