"""Each kind of effect is whole: it is delivered, it follows from transitions, and nothing of it is forgotten."""

from datetime import timedelta

import pytest
from django.utils import timezone

from proctoring_results import api
from proctoring_results.choices import EffectKind
from proctoring_results.effects import mail
from proctoring_results.effects.deliver import deliver
from proctoring_results.effects.registry import EFFECTS, LEVELS, effect_of
from proctoring_results.models import LmsEffect
from proctoring_results.transitions import TRANSITIONS

# What follows from each transition, written down a second time, as the documents have it.
EXPECTED = """
created → download_software_clicked:
created → ready_to_start:
created → started: provider
created → declined: credit
created → expired:
created → error: credit, provider
download_software_clicked → ready_to_start:
download_software_clicked → started: provider
download_software_clicked → declined: credit
download_software_clicked → expired:
download_software_clicked → error: credit, provider
ready_to_start → started: provider
ready_to_start → declined: credit
ready_to_start → expired:
ready_to_start → error: credit, provider
started → ready_to_submit:
started → completed: credit, provider
started → submitted: credit, provider, mail
started → timed_out: credit, provider
started → expired:
started → error: credit, provider
ready_to_submit → started:
ready_to_submit → completed: credit, provider
ready_to_submit → submitted: credit, provider, mail
ready_to_submit → timed_out: credit, provider
ready_to_submit → expired:
ready_to_submit → error: credit, provider
completed → submitted: credit, mail
completed → second_review_required: notice
completed → verified: credit, mail
completed → rejected: grade, credit, certificate, mail
completed → error: credit, provider
submitted → second_review_required: notice
submitted → verified: credit, mail
submitted → rejected: grade, credit, certificate, mail
submitted → error: credit, provider
timed_out → submitted: credit, mail
timed_out → second_review_required: notice
timed_out → verified: credit, mail
timed_out → rejected: grade, credit, certificate, mail
timed_out → error: credit, provider
second_review_required → verified: credit, mail
second_review_required → rejected: grade, credit, certificate, mail
second_review_required → error: credit, provider
verified → rejected: grade, credit, certificate, mail
verified → second_review_required: credit, notice
rejected → verified: grade, credit, certificate, mail
rejected → second_review_required: grade, credit, certificate, notice
error → submitted: credit, provider, mail
error → verified: credit, mail
error → rejected: grade, credit, certificate, mail
error → second_review_required: credit, notice
"""


def test_every_kind_of_effect_has_its_entry():
    assert set(EFFECTS) == set(EffectKind)
    assert all(effect.kind is kind for kind, effect in EFFECTS.items())


def test_every_kind_of_effect_follows_from_a_transition_but_for_mails_about_reports():
    kinds = {kind for transition in TRANSITIONS.values() for kind in transition.effects}
    assert kinds == set(EffectKind) - {EffectKind.REPORT, EffectKind.SCHEDULE}


def test_archiving_an_attempt_queues_every_level(attempt):
    api.archive_attempt(attempt.attempt_code, reason="Power cut")
    assert set(LEVELS) <= set(LmsEffect.objects.values_list("kind", flat=True))


def test_the_effects_of_every_transition_are_these():
    table = [
        f"{start} → {to}: {', '.join(transition.effects)}".strip() for (start, to), transition in TRANSITIONS.items()
    ]
    assert table == EXPECTED.strip().splitlines()


def test_every_transition_that_mails_the_learner_has_its_mail():
    mailed = {to for (_, to), transition in TRANSITIONS.items() if EffectKind.MAIL in transition.effects}
    assert mailed == set(mail.TEMPLATES)


def test_a_kind_without_an_entry_is_refused():
    with pytest.raises(LookupError, match="unknown"):
        effect_of("unknown")


def test_an_effect_that_nothing_delivers_is_an_error_and_never_done(attempt, monkeypatch):
    """As an older worker meets it after a newer release was taken back."""
    [effect] = LmsEffect.objects.queue([EffectKind.GRADE], attempt, now=timezone.now() - timedelta(days=2))
    monkeypatch.setattr("proctoring_results.effects.registry.EFFECTS", {})
    with pytest.raises(LookupError):
        deliver(effect.pk)
    effect.refresh_from_db()
    assert (effect.state, effect.done_at) == ("parked", None)
    assert "grade" in effect.problem
