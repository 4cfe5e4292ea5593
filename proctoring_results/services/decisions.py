"""A person decides Pass or Fail."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from proctoring_results import permissions
from proctoring_results.choices import AttemptStatus, ReviewStanding, Source
from proctoring_results.conf import conf
from proctoring_results.database import in_transaction
from proctoring_results.exceptions import StaleDecision
from proctoring_results.models import ExamAttempt, ExamReview
from proctoring_results.queries.preview import Seen, seen_now
from proctoring_results.rules import VERDICT_LABELS
from proctoring_results.validation import clean_reason, clean_text, not_one_of

from . import undo
from .status import change_status, lock_attempt, make_current, save_attempt

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.utils.functional import Promise


MAX_REASON_LENGTH = 10_000  # characters


def pass_attempt(
    attempt_code: str, *, by: AbstractBaseUser, reason: str, category: str = "", seen: Seen | None = None
) -> ExamAttempt:
    """Decide Pass: the attempt becomes ``verified``. Writes a ``StatusChange``, no review.

    ``category`` is a key of ``REASON_CATEGORIES``, or nothing. ``seen`` is what the person's page showed: if something
    has happened since, the decision is refused.
    Raises ``AccessDenied`` (``OwnAttempt`` for the learner), ``InvalidInput`` (no reason, or an unknown category),
    ``StaleDecision``, ``IllegalTransition``, ``AttemptIsArchived`` and ``NotFound``.
    """
    return _decide(attempt_code, AttemptStatus.VERIFIED, by, reason, category, seen)


def fail_attempt(
    attempt_code: str, *, by: AbstractBaseUser, reason: str, category: str = "", seen: Seen | None = None
) -> ExamAttempt:
    """Decide Fail: the attempt becomes ``rejected``. Otherwise as ``pass_attempt``."""
    return _decide(attempt_code, AttemptStatus.REJECTED, by, reason, category, seen)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a person may decide. ``name`` is what forms, addresses and the REST API call it."""

    name: str
    label: str | Promise
    question: str | Promise
    done: str | Promise
    to: AttemptStatus
    decide: Callable[..., ExamAttempt]

    @property
    def needs_category(self) -> bool:
        """Whether a person has to choose a category: for a Fail, if the site has a list. A program may leave it out."""
        return self.to is AttemptStatus.REJECTED and bool(conf().REASON_CATEGORIES)


PASS = Verdict(
    "pass",
    VERDICT_LABELS[AttemptStatus.VERIFIED],
    gettext_lazy("Pass this attempt?"),
    gettext_lazy("Decided: Pass."),
    AttemptStatus.VERIFIED,
    pass_attempt,
)
FAIL = Verdict(
    "fail",
    VERDICT_LABELS[AttemptStatus.REJECTED],
    gettext_lazy("Fail this attempt?"),
    gettext_lazy("Decided: Fail."),
    AttemptStatus.REJECTED,
    fail_attempt,
)
VERDICTS: Mapping[str, Verdict] = {verdict.name: verdict for verdict in (PASS, FAIL)}


@in_transaction
def _decide(
    attempt_code: str, to: AttemptStatus, by: AbstractBaseUser, reason: str, category: str, seen: Seen | None
) -> ExamAttempt:
    attempt = lock_attempt(attempt_code)
    permissions.require_decision(by, attempt)
    reason, category = clean_decision_reason(reason), clean_category(category)
    refuse_if_stale(attempt, seen)
    withheld = undo.withhold(attempt)
    change = change_status(
        attempt, to, source=Source.PERSON, by=by, reason=reason, category=category, review=attempt.current_review
    )
    applied = _apply_reviews_after_decision(attempt)
    if withheld is not None and change is not None:
        undo.keep(withheld, change, applied)
    return attempt


def refuse_if_stale(attempt: ExamAttempt, seen: Seen | None) -> None:
    """Raise ``StaleDecision`` unless all that ``Seen`` names of a locked attempt was on the person's page."""
    if seen is not None and seen != seen_now(attempt):
        raise StaleDecision(attempt)


def clean_decision_reason(reason: str) -> str:
    """Return the reason without surrounding white space. Raises ``InvalidInput`` if nothing is left."""
    return clean_reason(reason, missing=_("A decision needs a reason."), max_length=MAX_REASON_LENGTH)


def clean_category(category: str) -> str:
    """Return the key of a category, or nothing. Raises ``InvalidInput`` for one that the site's list does not have."""
    categories = conf().REASON_CATEGORIES
    if clean_text("category", category) and category not in categories:
        raise not_one_of("category", categories)
    return category


def _apply_reviews_after_decision(attempt: ExamAttempt) -> list[ExamReview]:
    """Return the reviews that arrived after an earlier decision. The newest is now current: the person has seen it."""
    waiting = attempt.reviews.filter(standing=ReviewStanding.AFTER_DECISION).defer("raw_data").order_by("pk")
    reviews = list(waiting)
    if reviews:
        attempt.reviews.filter(pk__in=[review.pk for review in reviews]).update(standing=ReviewStanding.APPLIED)
        make_current(attempt, reviews[-1])
        save_attempt(attempt)
    return reviews
