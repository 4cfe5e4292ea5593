"""``case.html``, ready to be printed: what somebody reads who was not there. The template asks no questions."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from proctoring_results.choices import AttemptStatus, DownloadOutcome, EffectKind, Source
from proctoring_results.lms import course_name, lms
from proctoring_results.models import ExamReview
from proctoring_results.moments import span
from proctoring_results.people import Person, person
from proctoring_results.providers.exam_rules import RulesOfAttempt, rules_of
from proctoring_results.rules import VERDICT_LABELS, status_label, undo_until

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import (
        Appeal,
        Disclosure,
        Evidence,
        Incident,
        LmsEffect,
        ReportDownload,
        SessionLook,
        StatusChange,
    )

    from .case import Case
    from .pictures import Copy, Pictures

Fact = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """The heads of the columns, and the cells below them."""

    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    # The columns in which people and services write what they like.
    free: Collection[int] = ()

    @property
    def cells(self) -> Iterator[list[tuple[str, bool]]]:
        """Yield each row, with whether words may be broken in a cell: only where they may be of any length."""
        for row in self.rows:
            yield [(cell, column in self.free) for column, cell in enumerate(row)]


@dataclass(frozen=True, slots=True)
class Figure:
    """A picture inside the page: the page is complete without the other files."""

    source: str
    caption: str
    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class CasePage:
    learner: Person
    addressed_as: str
    exam_name: str
    course_name: str
    facts: list[Fact]
    export: list[Fact]
    decisions: Table
    appeals: Table
    # Of the review that counts; else of the newest. None if there is none.
    review: list[Fact] | None
    incidents: Table
    figures: list[Figure]
    missing: Table
    rules: list[Fact]
    rules_sentence: str
    reviews: Table
    changes: Table
    effects: Table
    looks: Table


def case_page(case: Case, pictures: Pictures) -> CasePage:
    attempt, rules = case.attempt, rules_of(case.attempt)
    learner = person(attempt.user)
    reviews = list(case.reviews.defer("raw_data", "suspicious_comments", "rules_violation_comments"))
    review = _review_that_counts(case, reviews)
    evidence = list(case.evidence.filter(review=review).defer("url")) if review else []
    incidents = case.incidents.filter(review=review) if review else []
    return CasePage(
        learner=learner,
        addressed_as=_addressed_as(attempt.user, learner),
        exam_name=attempt.exam.exam_name,
        course_name=course_name(attempt.exam.course_id),
        facts=_facts(case),
        export=_export(case),
        decisions=_decisions(case),
        appeals=_appeals(case),
        review=_review(case, review) if review else None,
        incidents=_incidents(incidents),
        figures=[_figure(one, pictures.copies[one.pk]) for one in evidence if one.pk in pictures.copies],
        missing=_missing(evidence, pictures),
        rules=_rules(rules),
        rules_sentence=rules.sentence,
        reviews=_reviews(case, reviews),
        changes=_changes(case),
        effects=_effects(case),
        looks=_looks(case),
    )


def _addressed_as(user: AbstractBaseUser, learner: Person) -> str:
    name = lms().learner_name(user)
    return name if name != learner.name else ""


def _review_that_counts(case: Case, reviews: Sequence[ExamReview]) -> ExamReview | None:
    current = next((review for review in reviews if review.pk == case.attempt.current_review_id), None)
    return current or (reviews[-1] if reviews else None)


def _facts(case: Case) -> list[Fact]:
    attempt = case.attempt
    allowed, extra = attempt.allowed_time_limit_mins, attempt.extra_time_mins
    facts = [
        (_("Status"), _status(attempt.status)),
        (_("The decision can be undone until"), _moment(undo_until(attempt, case.as_of))),
        (_("Started"), _moment(attempt.started_at)),
        (_("Submitted or timed out"), _moment(attempt.completed_at)),
        (_("Allowed time"), _("%(minutes)s minutes") % {"minutes": allowed} if allowed else ""),
        (_("Extra time in it"), _("%(minutes)s minutes") % {"minutes": extra} if extra else ""),
        (_("Practice exam"), _("yes") if attempt.is_sample_attempt else ""),
        (_("Proctoring service"), attempt.provider),
        (_("The service’s number of the session"), attempt.external_id or ""),
        (_("Track"), attempt.track),
        (_("Attempt code"), attempt.attempt_code),
        (_("Course"), attempt.exam.course_id),
        (_("Archived"), _moment(attempt.archived_at)),
        (_("Why it was archived"), attempt.archive_reason),
    ]
    return [(name, value) for name, value in facts if value]


def _export(case: Case) -> list[Fact]:
    return [
        (_("Exported by"), _who(case.export.user)),
        (_("Requested"), _moment(case.export.at)),
        (_("Purpose"), case.export.purpose),
        (_("As of"), _moment(case.as_of)),
    ]


def _decisions(case: Case) -> Table:
    heads = [_("When"), _("Decision"), _("By"), _("Status after it"), _("Category"), _("Reason")]
    return Table(heads, [_decision(change) for change in case.decisions], free=[5])


def _decision(change: StatusChange) -> list[str]:
    verdict = VERDICT_LABELS.get(AttemptStatus(change.to_status), "–")
    status = _status(change.to_status)
    return [_moment(change.at), str(verdict), _by(change), status, change.category_label, change.reason]


def _appeals(case: Case) -> Table:
    heads = [_("When"), _("Against the decision of"), _("What the learner wrote"), _("Answer due"), _("Answer")]
    return Table(heads, [_appeal(case, appeal) for appeal in case.appeals], free=[2, 4])


def _appeal(case: Case, appeal: Appeal) -> list[str]:
    return [
        _moment(appeal.at),
        _moment(appeal.decision.at),
        appeal.text,
        _moment(appeal.answer_due_at),
        _answer(case.answer_to(appeal)),
    ]


def _answer(answer: StatusChange | None) -> str:
    if answer is None:
        return _("not answered yet")
    return "; ".join(filter(None, [_moment(answer.at), _status(answer.to_status), _by(answer), answer.reason]))


def _changes(case: Case) -> Table:
    heads = [_("When"), _("From"), _("To"), _("By"), _("Review"), _("Reason")]
    rows = [
        [
            _moment(change.at),
            _status(change.from_status),
            _status(change.to_status),
            _by(change),
            _number(case.number_of(change.review_id)),
            change.reason or _undo(change),
        ]
        for change in case.changes
    ]
    return Table(heads, rows, free=[5])


def _undo(change: StatusChange) -> str:
    return _("Undid the decision, which had not taken effect.") if change.source == Source.UNDO else ""


def _by(change: StatusChange) -> str:
    return _who(change.by) if change.by else capfirst(str(Source(change.source).label))


def _review(case: Case, review: ExamReview) -> list[Fact]:
    facts = [
        (_("Review"), _number(case.number_of(review.pk))),
        (_("Verdict"), review.get_review_status_display()),
        (_("Received"), _moment(review.received_at)),
        (_("Reviewed by"), _reviewer(review)),
        (_("Incidents counted as suspicious"), str(review.suspicious_count)),
        (_("Incidents counted as rules violations"), str(review.rules_violation_count)),
        (_("Incidents with other labels"), str(review.other_count)),
        (_("Score of the service: a signal, not a finding"), _score(review)),
    ]
    return [(name, value) for name, value in facts if value]


def _score(review: ExamReview) -> str:
    score = "" if review.score is None else f"{review.score:g}"
    return " ".join(filter(None, [score, review.score_label]))


def _reviews(case: Case, reviews: Iterable[ExamReview]) -> Table:
    heads = [_("Review"), _("Received"), _("Verdict"), _("By"), _("What became of it"), _("Why it was changed")]
    rows = [
        [
            _number(case.number_of(review.pk)),
            _moment(review.received_at),
            review.get_review_status_display(),
            _reviewer(review),
            _standing(case, review),
            review.version_reason,
        ]
        for review in reviews
    ]
    return Table(heads, rows, free=[3, 5])


def _reviewer(review: ExamReview) -> str:
    if review.reviewed_by:
        return _who(review.reviewed_by)
    return review.claimed_name or capfirst(str(Source(review.source).label))


def _standing(case: Case, review: ExamReview) -> str:
    standing = capfirst(review.get_standing_display())
    if review.version_of_id is None:
        return standing
    before = _("a version of review %(number)s") % {"number": case.number_of(review.version_of_id)}
    return f"{standing}; {before}"


def _incidents(incidents: Iterable[Incident]) -> Table:
    heads = [_("No."), _("From – to"), _("Label"), _("What was seen"), _("Severity"), _("Comment"), _("Dismissed")]
    rows = [
        [
            str(incident.position + 1),
            span(incident.start, incident.stop),
            incident.status or "–",
            incident.kind,
            incident.severity,
            incident.comment,
            _dismissal(incident),
        ]
        for incident in incidents
    ]
    return Table(heads, rows, free=[5, 6])


def _dismissal(incident: Incident) -> str:
    if incident.dismissed_at is None:
        return ""
    by = _who(incident.dismissed_by) if incident.dismissed_by else ""
    return "; ".join(filter(None, [_moment(incident.dismissed_at), by, incident.dismissal_reason]))


def _figure(evidence: Evidence, copy: Copy) -> Figure:
    content = base64.b64encode(copy.picture.content).decode()
    return Figure(f"data:{copy.picture.media_type};base64,{content}", _caption(evidence), copy.path, copy.sha256)


def _caption(evidence: Evidence) -> str:
    parts = [
        _("Evidence %(number)s: %(kind)s") % {"number": evidence.position + 1, "kind": evidence.get_kind_display()},
        _("incident %(number)s") % {"number": evidence.incident.position + 1} if evidence.incident else "",
        span(evidence.start, evidence.stop),
    ]
    return ", ".join(filter(None, parts))


def _missing(evidence: Iterable[Evidence], pictures: Pictures) -> Table:
    heads = [_("What is not in this file"), _("Why")]
    rows = [
        [_caption(one), capfirst(str(pictures.missing[one.pk].label))] for one in evidence if one.pk in pictures.missing
    ]
    return Table(heads, rows)


def _rules(rules: RulesOfAttempt) -> list[Fact]:
    policy = [(_("Review policy"), rules.sent.review_policy)] if rules.sent.review_policy else []
    return policy + rules.sent.in_words()


def _effects(case: Case) -> Table:
    heads = [_("When"), _("What"), _("State"), _("Done")]
    return Table(heads, [_effect(effect) for effect in case.effects])


def _effect(effect: LmsEffect) -> list[str]:
    name = effect.get_call_display() if effect.kind == EffectKind.PROVIDER else effect.get_kind_display()
    return [_moment(effect.queued_at), capfirst(name), effect.get_state_display(), _moment(effect.done_at)]


def _looks(case: Case) -> Table:
    heads = [_("When"), _("Who"), _("What"), _("Purpose")]
    downloads = case.downloads.filter(outcome=DownloadOutcome.DOWNLOADED)
    looks = [*map(_look, case.looks), *map(_disclosure, case.disclosures), *map(_download, downloads)]
    return Table(heads, [row for at, row in sorted(looks, key=lambda look: look[0])], free=[3])


def _look(one: SessionLook) -> tuple[datetime, list[str]]:
    return one.at, [_moment(one.at), _who(one.user), _("Looked at the session, without deciding"), ""]


def _disclosure(one: Disclosure) -> tuple[datetime, list[str]]:
    if one.evidence:
        params = {"number": one.evidence.position + 1, "kind": one.evidence.get_kind_display()}
        title = _("Opened evidence %(number)s (%(kind)s)") % params
    else:
        title = _("Requested a case file")
    return one.at, [_moment(one.at), _who(one.user), title, one.purpose]


def _download(one: ReportDownload) -> tuple[datetime, list[str]]:
    return one.at, [_moment(one.at), _who(one.user), _("Downloaded a case file"), ""]


def _status(status: str) -> str:
    # “Waiting for your decision” is what the course team reads, and this is read by others.
    if status == AttemptStatus.SECOND_REVIEW_REQUIRED:
        return _("Waiting for a decision")
    return status_label(status)


def _who(user: AbstractBaseUser) -> str:
    return person(user).label


def _number(number: int | None) -> str:
    return "" if number is None else str(number)


def _moment(at: datetime | None) -> str:
    return f"{date_format(at.astimezone(UTC), 'j M Y, H:i:s')} UTC" if at else ""
