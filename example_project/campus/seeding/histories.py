"""The histories of attempts. Each is made once and used for many learners, so its times are relative."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from random import Random

from django.conf import settings
from django.urls import reverse

from proctoring_results import crypto
from proctoring_results.choices import (
    DECIDED_STATUSES,
    OPEN_STATUSES,
    OVER_STATUSES,
    AttemptStatus,
    EvidenceKind,
    ReviewStanding,
    ReviewStatus,
    SessionPart,
    Source,
)
from proctoring_results.models import ExamReview
from proctoring_results.rules import part_of_incident, seriousness
from proctoring_results.services.reviews import report_comment

from . import texts

S = AttemptStatus
L, H, P, D, U = Source.LEARNER, Source.HOST, Source.PROVIDER, Source.PERSON, Source.UPKEEP
REPORTED = Source.REPORTED
MINUTE, HOUR, DAY = 60, 3600, 86400  # seconds


class Since(IntEnum):
    """The start from which a time is counted."""

    CREATED = 0  # seconds
    STARTED = 1  # fractions of the time allowed
    DONE = 2  # seconds


When = tuple[Since, float]


@dataclass(frozen=True, slots=True)
class Incident:
    status: str
    kind: str
    comment: str
    start: float
    stop: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """A piece of evidence, of the incident with this number or of the whole session."""

    kind: EvidenceKind
    url: bytes
    incident: int | None
    start: float | None
    stop: float | None


@dataclass(slots=True)
class Review:
    status: ReviewStatus
    standing: ReviewStanding
    names_a_judge: bool
    claimed_name: str
    at: When
    incidents: tuple[Incident, ...]
    evidence: tuple[Evidence, ...] = ()
    raw: str = ""
    suspicious_count: int = 0
    suspicious_comments: str = ""
    rules_violation_count: int = 0
    rules_violation_comments: str = ""
    other_count: int = 0
    # In the order of ``SessionPart``.
    counts_by_part: tuple[int, ...] = ()
    # The service's own score, of 100; None of a service that sends none.
    score: int | None = None
    seriousness: int = 0

    def __post_init__(self) -> None:
        self.suspicious_count, self.suspicious_comments = self._column(ReviewStatus.SUSPICIOUS)
        self.rules_violation_count, self.rules_violation_comments = self._column(ReviewStatus.RULES_VIOLATION)
        self.other_count = len(self.incidents) - self.suspicious_count - self.rules_violation_count
        parts = Counter(part_of_incident(incident.kind) for incident in self.incidents)
        self.counts_by_part = tuple(parts[part] for part in SessionPart)
        self.seriousness = seriousness(
            ExamReview(
                review_status=self.status,
                suspicious_count=self.suspicious_count,
                rules_violation_count=self.rules_violation_count,
            )
        )
        self.raw = json.dumps(
            {"reviewStatus": self.status.value, "comments": [incident.comment for incident in self.incidents]}
        )

    def _column(self, status: str) -> tuple[int, str]:
        comments = [report_comment(incident.comment) for incident in self.incidents if incident.status == status]
        return len(comments), "; ".join(comments)


@dataclass(frozen=True, slots=True)
class Change:
    start: S
    to: S
    at: When
    source: Source
    reason: str
    review: int | None

    @property
    def category(self) -> str:
        """Return the category of the reason of a Fail."""
        is_fail = self.source is D and self.to is S.REJECTED
        return texts.CATEGORIES.get(self.reason, "other") if is_fail else ""


@dataclass(slots=True)
class History:
    """Built by the scenarios below, one transition after the other."""

    rng: Random
    provider: str
    extra_mins: int = 0
    setup: float = 0  # seconds from the creation to the start
    used: float = 1  # fractions of the time allowed
    status: S = S.CREATED
    changes: list[Change] = field(default_factory=list)
    reviews: list[Review] = field(default_factory=list)
    current: int | None = None
    now: When = (Since.CREATED, 0)

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_STATUSES

    @property
    def was_started(self) -> bool:
        return self.now[0] is not Since.CREATED

    @property
    def was_done(self) -> bool:
        return self.now[0] is Since.DONE

    @property
    def first_review(self) -> When | None:
        """Return the time at which the first complete review arrives."""
        complete = (review.at for review in self.reviews if review.status is not ReviewStatus.NOT_REVIEWED)
        return next(complete, None)

    @property
    def waiting_review(self) -> When | None:
        """Return the time of the first review that waits for the end of the exam."""
        return next((review.at for review in self.reviews if review.standing is ReviewStanding.WAITING), None)

    @property
    def first_decision(self) -> When | None:
        """Return the time of the first decision by a person."""
        return next((change.at for change in self.changes if change.source is D), None)

    @property
    def was_decided_here(self) -> bool:
        """Return whether the status is what a person has decided here."""
        return self.status in DECIDED_STATUSES and self.changes[-1].source is D

    @property
    def attention(self) -> When | None:
        """Return the time since which the attempt requires attention, as the app works it out."""
        current = None if self.current is None else self.reviews[self.current]
        contradicts_itself = current is not None and (
            (current.status is ReviewStatus.CLEAN and current.suspicious_count > 0)
            or (current.status is ReviewStatus.SUSPICIOUS and current.suspicious_count == 0)
        )
        has_news = any(review.standing is ReviewStanding.AFTER_DECISION for review in self.reviews)
        needed = (
            self.status is S.SECOND_REVIEW_REQUIRED or (contradicts_itself and self.first_decision is None) or has_news
        )
        return self.now if needed else None

    def later(self, minimum: float, maximum: float) -> None:
        since, seconds = self.now
        self.now = since, seconds + self.rng.uniform(minimum, maximum)

    def transition(self, to: S, source: Source, reason: str = "", review: int | None = None) -> None:
        if to is S.STARTED and not self.was_started:
            self.setup = self.now[1]
            self._change(to, source, reason, review)
            self.now = (Since.STARTED, 0)
        elif to in OVER_STATUSES and not self.was_done:
            self.used = self.now[1]
            self.now = (Since.DONE, 0)
            self._change(to, source, reason, review)
        else:
            self._change(to, source, reason, review)

    def _change(self, to: S, source: Source, reason: str, review: int | None) -> None:
        self.changes.append(Change(self.status, to, self.now, source, reason, review))
        self.status = to

    def review(
        self,
        status: ReviewStatus,
        *,
        to: S | None = None,
        standing: ReviewStanding = ReviewStanding.APPLIED,
        names_a_judge: bool = False,
        incidents: tuple[Incident, ...] | None = None,
    ) -> None:
        """Add a review, and the transition to ``to`` if one follows: a decision, if the service names who made it."""
        rng = self.rng
        name = texts.JUDGE if names_a_judge else rng.choice(texts.REVIEWERS)
        incidents = _incidents(rng, status) if incidents is None else incidents
        evidence = _evidence(rng, incidents) if status is not ReviewStatus.NOT_REVIEWED else ()
        review = Review(status, standing, names_a_judge, name, self.now, incidents, evidence)
        review.score = None if self.provider == "rpnow" else _score(status, self.now)
        self.reviews.append(review)
        number = len(self.reviews) - 1
        if standing is ReviewStanding.APPLIED:
            self.current = number
        if to is not None:
            self.transition(to, REPORTED if names_a_judge else P, f"Review: {status.value}", number)

    def decide(self, to: S) -> None:
        self.transition(to, D, self.rng.choice(texts.DECISIONS), self.current)


def _score(status: ReviewStatus, at: When) -> int | None:
    """Return the service's own score of 100: near its verdict, and sometimes on the other side of a threshold."""
    lowest = {ReviewStatus.CLEAN: 3, ReviewStatus.RULES_VIOLATION: 32, ReviewStatus.SUSPICIOUS: 55}.get(status)
    return None if lowest is None else lowest + round(at[1] * 1000) % 43


def _incidents(rng: Random, status: ReviewStatus) -> tuple[Incident, ...]:
    number = {ReviewStatus.CLEAN: rng.choice((0, 0, 0, 1)), ReviewStatus.NOT_REVIEWED: 0}.get(status, rng.randint(1, 4))
    statuses = [ReviewStatus.SUSPICIOUS, ReviewStatus.RULES_VIOLATION, *texts.OTHER_LABELS]
    incidents = []
    for place in range(number):
        if status is ReviewStatus.CLEAN:
            marked_as = rng.choice(texts.OTHER_LABELS)
        else:
            # A verdict has at least one incident of its kind; other reviews would contradict themselves.
            marked_as = rng.choice([status, status, *statuses]) if place else status
        start = round(rng.uniform(5, 1500) + place, 1)
        incidents.append(_incident(rng, str(marked_as), start))
    return tuple(incidents)


def _incident(rng: Random, status: str, start: float) -> Incident:
    kind = rng.choice(texts.KINDS)
    comment = rng.choice(texts.COMMENTS_BY_KIND.get(kind, texts.COMMENTS))
    return Incident(status, kind, comment, start, round(start + rng.uniform(1, 90), 1))


def _evidence(rng: Random, incidents: tuple[Incident, ...]) -> tuple[Evidence, ...]:
    """Return recordings for most sessions with incidents, and for some others."""
    if rng.random() > (0.8 if incidents else 0.1):
        return ()
    number = rng.randrange(10_000)
    whole = [EvidenceKind.VIDEO, *(kind for kind in SCANS if rng.random() < 0.5)]
    evidence = [Evidence(kind, _address(kind, number), None, None, None) for kind in whole]
    for place, incident in enumerate(incidents):
        if rng.random() < 0.5:
            kind = rng.choice((EvidenceKind.VIDEO, EvidenceKind.SCREENSHOT))
            evidence.append(Evidence(kind, _address(kind, number + place), place, incident.start, incident.stop))
    return tuple(evidence)


SCANS = (EvidenceKind.ID, EvidenceKind.ROOM, EvidenceKind.ONBOARDING)


def _address(kind: EvidenceKind, number: int) -> bytes:
    """Return the encrypted address of a page that stands in for the provider's, shared by all uses of the history."""
    return crypto.encrypt(f"{settings.SITE_URL}{reverse('campus:recording', args=[kind.value, number])}")


# ---------------------------------------------------------------------------------------------------------- scenarios


def created(history: History) -> None:
    pass


def downloaded(history: History) -> None:
    history.later(10, 5 * MINUTE)
    history.transition(S.DOWNLOAD_SOFTWARE_CLICKED, L)


def set_up(history: History) -> None:
    downloaded(history)
    history.later(2 * MINUTE, 20 * MINUTE)
    history.transition(S.READY_TO_START, P)


def under_way(history: History) -> None:
    set_up(history)
    history.later(5, 5 * MINUTE)
    history.transition(S.STARTED, L)


def about_to_submit(history: History) -> None:
    under_way(history)
    history.later(0.1, 0.4)
    history.transition(S.READY_TO_SUBMIT, L)
    if history.rng.random() < 0.3:
        history.later(0.01, 0.05)
        history.transition(S.STARTED, L)
        history.later(0.05, 0.3)
        history.transition(S.READY_TO_SUBMIT, L)


def submitted(history: History) -> None:
    about_to_submit(history)
    history.later(0.01, 0.1)
    history.transition(S.SUBMITTED, L)


def timed_out(history: History) -> None:
    under_way(history)
    history.now = (Since.STARTED, 1)
    history.transition(S.TIMED_OUT, U)


def completed(history: History) -> None:
    under_way(history)
    history.later(0.5, 0.95)
    history.transition(S.COMPLETED, H)


def declined(history: History) -> None:
    history.rng.choice([created, downloaded, set_up])(history)
    history.later(10, HOUR)
    history.transition(S.DECLINED, L)


def expired(history: History) -> None:
    history.rng.choice([created, downloaded, set_up])(history)
    history.later(DAY, 3 * DAY)
    history.transition(S.EXPIRED, U)


def broken(history: History) -> None:
    history.rng.choice([downloaded, under_way, submitted])(history)
    if history.was_done:
        history.later(HOUR, DAY)
    elif history.was_started:
        history.later(0.1, 0.6)
    else:
        history.later(MINUTE, HOUR)
    history.transition(S.ERROR, H, history.rng.choice(texts.ERRORS))


def over(history: History) -> None:
    """Finish the exam in one of three ways, and leave the provider time to review it."""
    history.rng.choices([submitted, timed_out, completed], [90, 7, 3])[0](history)
    history.later(HOUR, 2 * DAY)


def not_reviewed(history: History) -> None:
    over(history)
    history.review(ReviewStatus.NOT_REVIEWED)


def clean(history: History) -> None:
    over(history)
    if history.rng.random() < 0.1:
        history.review(ReviewStatus.NOT_REVIEWED)
        history.later(HOUR, 6 * HOUR)
    history.review(ReviewStatus.CLEAN, to=S.VERIFIED)


def contradictory(history: History) -> None:
    over(history)
    incident = _incident(history.rng, ReviewStatus.SUSPICIOUS.value, round(history.rng.uniform(5, 1500), 1))
    history.review(ReviewStatus.CLEAN, to=S.VERIFIED, incidents=(incident,))


def accepted_violation(history: History) -> None:
    over(history)
    history.review(ReviewStatus.RULES_VIOLATION, to=S.VERIFIED)


def suspicious(history: History) -> None:
    over(history)
    to = S.REJECTED if history.provider == "rpnow" else S.SECOND_REVIEW_REQUIRED
    history.review(ReviewStatus.SUSPICIOUS, to=to)


def failed(history: History) -> None:
    suspicious(history)
    if history.status is not S.REJECTED:
        history.later(HOUR, DAY)
        history.decide(S.REJECTED)


def passed(history: History) -> None:
    suspicious(history)
    history.later(HOUR, DAY)
    history.decide(S.VERIFIED)


def reverted(history: History) -> None:
    failed(history)
    history.later(HOUR, DAY)
    history.decide(S.VERIFIED)


def decided_at_the_service(history: History) -> None:
    over(history)
    history.review(ReviewStatus.SUSPICIOUS, to=S.REJECTED, names_a_judge=True)


def reviewed_after_the_decision(history: History) -> None:
    passed(history)
    history.later(HOUR, DAY / 2)
    history.review(ReviewStatus.SUSPICIOUS, standing=ReviewStanding.AFTER_DECISION)


def reviewed_too_early(history: History) -> None:
    under_way(history)
    history.later(0.1, 0.3)
    history.review(ReviewStatus.CLEAN, standing=ReviewStanding.WAITING)


SCENARIOS: dict[Callable[[History], None], int] = {
    clean: 480,
    submitted: 100,
    accepted_violation: 50,
    suspicious: 60,
    failed: 45,
    passed: 35,
    not_reviewed: 20,
    timed_out: 25,
    completed: 20,
    broken: 20,
    declined: 30,
    expired: 25,
    created: 20,
    downloaded: 12,
    set_up: 10,
    under_way: 12,
    about_to_submit: 10,
    reverted: 12,
    decided_at_the_service: 8,
    reviewed_after_the_decision: 6,
    reviewed_too_early: 4,
    contradictory: 4,
}


def timed_under_way(history: History) -> None:
    history.later(5, 5 * MINUTE)
    history.transition(S.STARTED, H)


def timed_submitted(history: History) -> None:
    timed_under_way(history)
    history.later(0.3, 0.9)
    history.transition(S.READY_TO_SUBMIT, L)
    history.later(0.01, 0.1)
    history.transition(S.SUBMITTED, L)


def timed_timed_out(history: History) -> None:
    timed_under_way(history)
    history.now = (Since.STARTED, 1)
    history.transition(S.TIMED_OUT, U)


# A timed exam has no software to set up and no review.
TIMED_SCENARIOS: dict[Callable[[History], None], int] = {
    timed_submitted: 85,
    timed_timed_out: 8,
    created: 4,
    timed_under_way: 3,
}


def history_of(scenario: Callable[[History], None], rng: Random, provider: str) -> History:
    history = History(rng, provider, extra_mins=rng.choice((0,) * 8 + (15, 30)))
    scenario(history)
    return history


def histories_of(
    rng: Random, scenarios: dict[Callable[[History], None], int], provider: str, number: int
) -> list[History]:
    """Return ``number`` histories: at least one of each scenario, the others by the scenarios' weights."""
    chosen = rng.choices(list(scenarios), list(scenarios.values()), k=max(0, number - len(scenarios)))
    histories = [history_of(scenario, rng, provider) for scenario in [*scenarios, *chosen]]
    rng.shuffle(histories)
    return histories
