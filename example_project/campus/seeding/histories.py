"""How attempts go. A story is drawn once and told of many learners: its moments are relative."""

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
    OPEN_STATUSES,
    OVER_STATUSES,
    AttemptStatus,
    EvidenceKind,
    ReviewStanding,
    ReviewStatus,
    SessionPart,
    Source,
)
from proctoring_results.rules import part_of_incident
from proctoring_results.services.reviews import report_comment

from . import texts

S = AttemptStatus
L, H, P, D, U = Source.LEARNER, Source.HOST, Source.PROVIDER, Source.PERSON, Source.UPKEEP
MINUTE, HOUR, DAY = 60, 3600, 86400  # seconds


class Since(IntEnum):
    """What a moment is counted from."""

    CREATED = 0  # seconds
    STARTED = 1  # parts of the time allowed
    DONE = 2  # seconds


When = tuple[Since, float]


@dataclass(frozen=True, slots=True)
class Mark:
    """An incident."""

    status: str
    kind: str
    comment: str
    start: float
    stop: float


@dataclass(frozen=True, slots=True)
class Piece:
    """A piece of evidence, of the incident with this number or of the whole session."""

    kind: EvidenceKind
    url: bytes
    mark: int | None
    start: float | None
    stop: float | None


@dataclass(slots=True)
class Verdict:
    """A review."""

    status: ReviewStatus
    standing: ReviewStanding
    by_person: bool
    claimed_name: str
    at: When
    marks: tuple[Mark, ...]
    pieces: tuple[Piece, ...] = ()
    raw: str = ""
    suspicious_count: int = 0
    suspicious_comments: str = ""
    rules_violation_count: int = 0
    rules_violation_comments: str = ""
    other_count: int = 0
    # In the order of ``SessionPart``.
    counts_by_part: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        self.suspicious_count, self.suspicious_comments = self._column(ReviewStatus.SUSPICIOUS)
        self.rules_violation_count, self.rules_violation_comments = self._column(ReviewStatus.RULES_VIOLATION)
        self.other_count = len(self.marks) - self.suspicious_count - self.rules_violation_count
        parts = Counter(part_of_incident(mark.kind) for mark in self.marks)
        self.counts_by_part = tuple(parts[part] for part in SessionPart)
        self.raw = json.dumps({"reviewStatus": self.status.value, "comments": [mark.comment for mark in self.marks]})

    def _column(self, status: str) -> tuple[int, str]:
        comments = [report_comment(mark.comment) for mark in self.marks if mark.status == status]
        return len(comments), "; ".join(comments)


@dataclass(frozen=True, slots=True)
class Step:
    """A change of status."""

    start: S
    to: S
    at: When
    source: Source
    reason: str
    verdict: int | None


@dataclass(slots=True)
class Story:
    """Built by the plots below, move by move."""

    rng: Random
    provider: str
    extra_mins: int = 0
    setup: float = 0  # seconds from the creation to the start
    used: float = 1  # parts of the time allowed
    status: S = S.CREATED
    steps: list[Step] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
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
    def first_verdict(self) -> When | None:
        """When the first complete review arrives."""
        complete = (verdict.at for verdict in self.verdicts if verdict.status is not ReviewStatus.NOT_REVIEWED)
        return next(complete, None)

    @property
    def first_decision(self) -> When | None:
        """When a person first decides."""
        return next((step.at for step in self.steps if step.source is D), None)

    @property
    def attention(self) -> When | None:
        """Since when a person has to look at it, as the app works it out."""
        current = None if self.current is None else self.verdicts[self.current]
        contradicts_itself = (
            current is not None and current.status is ReviewStatus.CLEAN and current.suspicious_count > 0
        )
        has_news = any(verdict.standing is ReviewStanding.AFTER_DECISION for verdict in self.verdicts)
        needed = (
            self.status is S.SECOND_REVIEW_REQUIRED or (contradicts_itself and self.first_decision is None) or has_news
        )
        return self.now if needed else None

    def later(self, least: float, most: float) -> None:
        since, seconds = self.now
        self.now = since, seconds + self.rng.uniform(least, most)

    def move(self, to: S, source: Source, reason: str = "", verdict: int | None = None) -> None:
        if to is S.STARTED and not self.was_started:
            self.setup = self.now[1]
            self._step(to, source, reason, verdict)
            self.now = (Since.STARTED, 0)
        elif to in OVER_STATUSES and not self.was_done:
            self.used = self.now[1]
            self.now = (Since.DONE, 0)
            self._step(to, source, reason, verdict)
        else:
            self._step(to, source, reason, verdict)

    def _step(self, to: S, source: Source, reason: str, verdict: int | None) -> None:
        self.steps.append(Step(self.status, to, self.now, source, reason, verdict))
        self.status = to

    def review(
        self,
        status: ReviewStatus,
        *,
        to: S | None = None,
        standing: ReviewStanding = ReviewStanding.APPLIED,
        by_person: bool = False,
        marks: tuple[Mark, ...] | None = None,
    ) -> None:
        """A review arrives, and moves the attempt where ``to`` says so."""
        rng = self.rng
        name = "" if by_person else rng.choice(texts.REVIEWERS)
        marks = _marks(rng, status) if marks is None else marks
        pieces = _pieces(rng, marks) if status is not ReviewStatus.NOT_REVIEWED else ()
        self.verdicts.append(Verdict(status, standing, by_person, name, self.now, marks, pieces))
        number = len(self.verdicts) - 1
        if standing is ReviewStanding.APPLIED:
            self.current = number
        if to is not None:
            self.move(to, D if by_person else P, f"Review: {status.value}", number)

    def decide(self, to: S) -> None:
        self.move(to, D, self.rng.choice(texts.DECISIONS), self.current)


def _marks(rng: Random, status: ReviewStatus) -> tuple[Mark, ...]:
    number = {ReviewStatus.CLEAN: rng.choice((0, 0, 0, 1)), ReviewStatus.NOT_REVIEWED: 0}.get(status, rng.randint(1, 4))
    words = [ReviewStatus.SUSPICIOUS, ReviewStatus.RULES_VIOLATION, *texts.OWN_WORDS]
    marks = []
    for place in range(number):
        word = rng.choice(texts.OWN_WORDS) if status is ReviewStatus.CLEAN else rng.choice([status, status, *words])
        start = round(rng.uniform(5, 1500) + place, 1)
        marks.append(_mark(rng, str(word), start))
    return tuple(marks)


def _mark(rng: Random, word: str, start: float) -> Mark:
    kind = rng.choice(texts.KINDS)
    comment = rng.choice(texts.COMMENTS_BY_KIND.get(kind, texts.COMMENTS))
    return Mark(word, kind, comment, start, round(start + rng.uniform(1, 90), 1))


def _pieces(rng: Random, marks: tuple[Mark, ...]) -> tuple[Piece, ...]:
    """What the provider's recordings show: of most sessions with incidents, of some others."""
    if rng.random() > (0.8 if marks else 0.1):
        return ()
    number = rng.randrange(10_000)
    whole = [EvidenceKind.VIDEO, *(kind for kind in SCANS if rng.random() < 0.5)]
    pieces = [Piece(kind, _address(kind, number), None, None, None) for kind in whole]
    for place, mark in enumerate(marks):
        if rng.random() < 0.5:
            kind = rng.choice((EvidenceKind.VIDEO, EvidenceKind.SCREENSHOT))
            pieces.append(Piece(kind, _address(kind, number + place), place, mark.start, mark.stop))
    return tuple(pieces)


SCANS = (EvidenceKind.ID, EvidenceKind.ROOM, EvidenceKind.ONBOARDING)


def _address(kind: EvidenceKind, number: int) -> bytes:
    """A page of ours that stands in for the provider's; encrypted once for all attempts of which the story is told."""
    return crypto.encrypt(f"{settings.SITE_URL}{reverse('campus:recording', args=[kind.value, number])}")


# -------------------------------------------------------------------------------------------------------------- plots


def created(story: Story) -> None:
    pass


def downloaded(story: Story) -> None:
    story.later(10, 5 * MINUTE)
    story.move(S.DOWNLOAD_SOFTWARE_CLICKED, L)


def set_up(story: Story) -> None:
    downloaded(story)
    story.later(2 * MINUTE, 20 * MINUTE)
    story.move(S.READY_TO_START, P)


def under_way(story: Story) -> None:
    set_up(story)
    story.later(5, 5 * MINUTE)
    story.move(S.STARTED, L)


def about_to_hand_in(story: Story) -> None:
    under_way(story)
    story.later(0.1, 0.4)
    story.move(S.READY_TO_SUBMIT, L)
    if story.rng.random() < 0.3:
        story.later(0.01, 0.05)
        story.move(S.STARTED, L)
        story.later(0.05, 0.3)
        story.move(S.READY_TO_SUBMIT, L)


def handed_in(story: Story) -> None:
    about_to_hand_in(story)
    story.later(0.01, 0.1)
    story.move(S.SUBMITTED, L)


def timed_out(story: Story) -> None:
    under_way(story)
    story.now = (Since.STARTED, 1)
    story.move(S.TIMED_OUT, U)


def completed(story: Story) -> None:
    under_way(story)
    story.later(0.5, 0.95)
    story.move(S.COMPLETED, H)


def declined(story: Story) -> None:
    story.rng.choice([created, downloaded, set_up])(story)
    story.later(10, HOUR)
    story.move(S.DECLINED, L)


def expired(story: Story) -> None:
    story.rng.choice([created, downloaded, set_up])(story)
    story.later(DAY, 3 * DAY)
    story.move(S.EXPIRED, U)


def broken(story: Story) -> None:
    story.rng.choice([downloaded, under_way, handed_in])(story)
    if story.was_done:
        story.later(HOUR, DAY)
    elif story.was_started:
        story.later(0.1, 0.6)
    else:
        story.later(MINUTE, HOUR)
    story.move(S.ERROR, H, story.rng.choice(texts.ERRORS))


def over(story: Story) -> None:
    """The exam was taken, in one way or another; the provider has had time to look."""
    story.rng.choices([handed_in, timed_out, completed], [90, 7, 3])[0](story)
    story.later(HOUR, 2 * DAY)


def not_reviewed(story: Story) -> None:
    over(story)
    story.review(ReviewStatus.NOT_REVIEWED)


def clean(story: Story) -> None:
    over(story)
    if story.rng.random() < 0.1:
        story.review(ReviewStatus.NOT_REVIEWED)
        story.later(HOUR, 6 * HOUR)
    story.review(ReviewStatus.CLEAN, to=S.VERIFIED)


def contradictory(story: Story) -> None:
    over(story)
    mark = _mark(story.rng, ReviewStatus.SUSPICIOUS.value, round(story.rng.uniform(5, 1500), 1))
    story.review(ReviewStatus.CLEAN, to=S.VERIFIED, marks=(mark,))


def accepted_violation(story: Story) -> None:
    over(story)
    story.review(ReviewStatus.RULES_VIOLATION, to=S.VERIFIED)


def suspicious(story: Story) -> None:
    over(story)
    to = S.REJECTED if story.provider == "rpnow" else S.SECOND_REVIEW_REQUIRED
    story.review(ReviewStatus.SUSPICIOUS, to=to)


def failed(story: Story) -> None:
    suspicious(story)
    if story.status is not S.REJECTED:
        story.later(HOUR, DAY)
        story.decide(S.REJECTED)


def passed(story: Story) -> None:
    suspicious(story)
    story.later(HOUR, DAY)
    story.decide(S.VERIFIED)


def reverted(story: Story) -> None:
    failed(story)
    story.later(HOUR, DAY)
    story.decide(S.VERIFIED)


def reviewed_by_the_team(story: Story) -> None:
    over(story)
    story.review(ReviewStatus.SUSPICIOUS, to=S.REJECTED, by_person=True)


def reviewed_after_the_decision(story: Story) -> None:
    passed(story)
    story.later(HOUR, DAY / 2)
    story.review(ReviewStatus.SUSPICIOUS, standing=ReviewStanding.AFTER_DECISION)


def reviewed_too_early(story: Story) -> None:
    under_way(story)
    story.later(0.1, 0.3)
    story.review(ReviewStatus.CLEAN, standing=ReviewStanding.WAITING)


PLOTS: dict[Callable[[Story], None], int] = {
    clean: 480,
    handed_in: 100,
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
    about_to_hand_in: 10,
    reverted: 12,
    reviewed_by_the_team: 8,
    reviewed_after_the_decision: 6,
    reviewed_too_early: 4,
    contradictory: 4,
}


def timed_under_way(story: Story) -> None:
    story.later(5, 5 * MINUTE)
    story.move(S.STARTED, H)


def timed_handed_in(story: Story) -> None:
    timed_under_way(story)
    story.later(0.3, 0.9)
    story.move(S.READY_TO_SUBMIT, L)
    story.later(0.01, 0.1)
    story.move(S.SUBMITTED, L)


def timed_timed_out(story: Story) -> None:
    timed_under_way(story)
    story.now = (Since.STARTED, 1)
    story.move(S.TIMED_OUT, U)


# A timed exam has nothing to set up, and nobody reviews it.
TIMED_PLOTS: dict[Callable[[Story], None], int] = {
    timed_handed_in: 85,
    timed_timed_out: 8,
    created: 4,
    timed_under_way: 3,
}


def told(plot: Callable[[Story], None], rng: Random, provider: str) -> Story:
    story = Story(rng, provider, extra_mins=rng.choice((0,) * 8 + (15, 30)))
    plot(story)
    return story


def many(rng: Random, plots: dict[Callable[[Story], None], int], provider: str, number: int) -> list[Story]:
    """At least one of each plot, the others as often as they happen."""
    drawn = rng.choices(list(plots), list(plots.values()), k=max(0, number - len(plots)))
    stories = [told(plot, rng, provider) for plot in [*plots, *drawn]]
    rng.shuffle(stories)
    return stories
