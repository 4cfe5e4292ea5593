"""Which attempts a list or a report has. Each filter is declared here, once.

The pages make a form of ``FILTERS``, and the REST API a serializer. A report keeps its filters as they stand in an
address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any, Self

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import F, Q
from django.db.models.lookups import GreaterThanOrEqual, LessThan
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from proctoring_results import rules
from proctoring_results.choices import (
    DECIDED_STATUSES,
    Archived,
    AttemptStatus,
    Attention,
    AttentionReason,
    IncidentGroup,
    Practice,
    ResultGroup,
    ReviewStatus,
    ReviewTime,
    SessionTab,
    StaffDecision,
)
from proctoring_results.exceptions import InvalidInput
from proctoring_results.models.attention import has_reason
from proctoring_results.models.expressions import WholeMinutes
from proctoring_results.validation import clean_key, not_one_of

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from proctoring_results.models.attempts import ExamAttemptQuerySet

# The value of the filter by review for attempts of which the report prints no review status.
NOTHING_TO_REVIEW = "none"
# Who decided, if it was not a person.
SERVICE = "service"
# The filters whose values are people.
OF_PEOPLE = ("reviewer", "decided_by")
# Of days to wait, and of incidents.
MAX_NUMBER = 10_000
# Of the days from which and until which something happened.
SPANS = (("since", "until"), ("ended_since", "ended_until"), ("decided_since", "decided_until"))
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(9000, 1, 1)


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter: its name in addresses and in the REST API, and what it is called on pages."""

    name: str
    label: StrPromise
    # For the schema of the REST API, in English.
    help: str = ""
    # The values that it takes, and what they are called; empty for days, numbers, and what differs by course.
    choices: Sequence[tuple[str, Any]] = ()
    is_day: bool = False
    is_number: bool = False


FILTERS: tuple[Filter, ...] = (
    Filter(
        "tab",
        gettext_lazy("List"),
        "As the page *Sessions* lists them: practice attempts are in a list of their own.",
        SessionTab.choices,
    ),
    Filter("exam", gettext_lazy("Exam"), "The `content_id` of an exam of the course."),
    Filter(
        "status",
        gettext_lazy("Status"),
        choices=[(status.value, rules.FULL_STATUS_LABELS[status]) for status in AttemptStatus],
    ),
    Filter(
        "review_status",
        gettext_lazy("Review"),
        "As the report prints it: `Not Reviewed` also where an exam was taken and no review has come yet, `none` where "
        "it prints nothing.",
        [*ReviewStatus.choices, (NOTHING_TO_REVIEW, gettext_lazy("Nothing to review"))],
    ),
    Filter(
        "result",
        gettext_lazy("Result"),
        "What the learner reads; `under_way` before the end of the exam, `none` if there will be no result.",
        ResultGroup.choices,
    ),
    Filter(
        "since",
        gettext_lazy("Started from"),
        "Started on this day or later, in the time zone of the course.",
        is_day=True,
    ),
    Filter(
        "until",
        gettext_lazy("Started until"),
        "Started on this day or earlier; not before `since`.",
        is_day=True,
    ),
    Filter(
        "ended_since",
        gettext_lazy("Submitted from"),
        "Submitted or timed out on this day or later, in the same time zone.",
        is_day=True,
    ),
    Filter(
        "ended_until",
        gettext_lazy("Submitted until"),
        "Submitted or timed out on this day or earlier; not before `ended_since`.",
        is_day=True,
    ),
    Filter(
        "decided_since",
        gettext_lazy("Decided from"),
        "A person decided Pass or Fail on this day or later, in the same time zone.",
        is_day=True,
    ),
    Filter(
        "decided_until",
        gettext_lazy("Decided until"),
        "A person decided Pass or Fail on this day or earlier; not before `decided_since`.",
        is_day=True,
    ),
    Filter(
        "decision",
        gettext_lazy("Decision by staff"),
        "A person decided so at any time, also if it was reversed later; on the days of `decided_since` and "
        "`decided_until` and by `reviewer`, if these are set.",
        StaffDecision.choices,
    ),
    Filter(
        "reviewer",
        gettext_lazy("Reviewer"),
        "The id of a person who decided Pass or Fail at any time, also if it was reversed later.",
    ),
    Filter(
        "review_time",
        gettext_lazy("Time until the review"),
        "From the end of the exam until the first complete review arrived, in whole minutes; `any` if both are known.",
        ReviewTime.choices,
    ),
    Filter(
        "reason",
        gettext_lazy("Reason for attention"),
        "One of the reasons for which it requires attention.",
        AttentionReason.choices,
    ),
    Filter(
        "waiting",
        gettext_lazy("Waiting for more than (days)"),
        "Has required attention, or waited for the service since it was submitted, for more than so many days.",
        is_number=True,
    ),
    Filter(
        "incidents",
        gettext_lazy("Incidents"),
        "The current review has such incidents that count, by their label or where they were seen.",
        IncidentGroup.choices,
    ),
    Filter(
        "min_incidents",
        gettext_lazy("Number of incidents at least"),
        "At least so many incidents count, of those that `incidents` names or of all.",
        is_number=True,
    ),
    Filter("provider", gettext_lazy("Provider"), "The name of the proctoring service."),
    Filter(
        "decided_by",
        gettext_lazy("Decided by"),
        "The id of the person whose Pass or Fail is the status now, or `service` if it was the proctoring service.",
    ),
    Filter("practice", gettext_lazy("Practice exams"), choices=Practice.choices),
    Filter("archived", gettext_lazy("Archived"), choices=Archived.choices),
    Filter("attention", gettext_lazy("Require Attention"), "Whether it requires attention.", Attention.choices),
)
FILTER_NAMES = tuple(one.name for one in FILTERS)


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptFilter:
    """Which attempts of a course a page, a request or a report has; by default all that are not archived."""

    # A list of the page Sessions.
    tab: SessionTab | None = None
    # The ``content_id`` of an exam.
    exam: str = ""
    status: AttemptStatus | None = None
    # As the report prints it; ``NOTHING_TO_REVIEW`` if it prints nothing.
    review_status: str | None = None
    result: ResultGroup | None = None
    # Days in the course's time zone, both included, on which the exam was started, on which it was submitted or timed
    # out, and on which a person decided.
    since: date | None = None
    until: date | None = None
    ended_since: date | None = None
    ended_until: date | None = None
    decided_since: date | None = None
    decided_until: date | None = None
    # What a person decided, and who, on these days if they are set.
    decision: StaffDecision | None = None
    reviewer: str = ""
    review_time: ReviewTime | None = None
    reason: AttentionReason | None = None
    # In days.
    waiting: int | None = None
    incidents: IncidentGroup | None = None
    min_incidents: int | None = None
    provider: str = ""
    # Of whose decision the status is: the key of a person, or ``SERVICE``.
    decided_by: str = ""
    practice: Practice | None = None
    archived: Archived = Archived.WITHOUT
    # Those that a person has to look at.
    attention: Attention | None = None

    def __post_init__(self) -> None:
        """Raise ``InvalidInput`` for days in the wrong order."""
        for first, last in SPANS:
            if not _in_order(getattr(self, first), getattr(self, last)):
                raise InvalidInput(last, _("must not be before the first day."))

    @classmethod
    def read(cls, params: Mapping[str, Any], *, archived: Archived = Archived.WITHOUT) -> Self:
        """Return the filter of the parameters of an address, a request or a stored report.

        Empty ones are passed over. ``archived`` is what holds if they do not name it. Raises ``InvalidInput`` with the
        name of a filter that does not exist, or whose value cannot be one.
        """
        for name in params:
            if name not in FILTER_NAMES:
                raise InvalidInput(name, _("is not a filter."))
        params = {name: value for name, value in params.items() if value not in ("", None)}
        return cls(
            tab=_choice("tab", SessionTab, params),
            exam=clean_key("exam", params["exam"]) if "exam" in params else "",
            status=_choice("status", AttemptStatus, params),
            review_status=_review_status(params),
            result=_choice("result", ResultGroup, params),
            **{name: _day(name, params) for span in SPANS for name in span},
            decision=_choice("decision", StaffDecision, params),
            reviewer=_person("reviewer", params),
            review_time=_choice("review_time", ReviewTime, params),
            reason=_choice("reason", AttentionReason, params),
            waiting=_number("waiting", params),
            incidents=_choice("incidents", IncidentGroup, params),
            min_incidents=_number("min_incidents", params),
            provider=clean_key("provider", params["provider"]) if "provider" in params else "",
            decided_by=SERVICE if params.get("decided_by") == SERVICE else _person("decided_by", params),
            practice=_choice("practice", Practice, params),
            archived=_choice("archived", Archived, params) or archived,
            attention=_choice("attention", Attention, params),
        )

    @property
    def params(self) -> dict[str, str]:
        """Return what ``read`` reads: those that are set, in the order of ``FILTERS``."""
        values = {name: getattr(self, name) for name in FILTER_NAMES}
        return {name: str(value) for name, value in values.items() if value}

    def apply(self, attempts: ExamAttemptQuerySet, zone: tzinfo) -> ExamAttemptQuerySet:
        """Return those of the attempts that match. Days are those of the time zone."""
        if self.tab:
            attempts = attempts.filter(rules.IS_IN_TAB[self.tab])
        if self.exam:
            attempts = attempts.filter(exam__content_id=self.exam)
        if self.status:
            attempts = attempts.filter(status=self.status)
        if self.review_status:
            printed = None if self.review_status == NOTHING_TO_REVIEW else ReviewStatus(self.review_status)
            attempts = attempts.filter(rules.prints_review_status(printed))
        if self.result:
            attempts = attempts.filter(status__in=rules.statuses_in(self.result))
        attempts = attempts.filter(
            _within("started_at", self.since, self.until, zone),
            _within("completed_at", self.ended_since, self.ended_until, zone),
        )
        if self.decided_since or self.decided_until or self.decision or self.reviewer:
            attempts = attempts.decided_by_staff(self._decision(zone))
        if self.review_time:
            attempts = attempts.filter(_took(self.review_time))
        if self.reason:
            attempts = attempts.filter(has_reason(self.reason))
        if self.waiting:
            limit = timezone.now() - timedelta(days=self.waiting)
            attempts = attempts.filter(rules.waits_since_before_q(limit))
        if self.incidents or self.min_incidents:
            attempts = attempts.filter(_has_incidents(self.incidents, self.min_incidents or 1))
        if self.provider:
            attempts = attempts.filter(provider=self.provider)
        if self.decided_by == SERVICE:
            attempts = attempts.filter(status__in=sorted(DECIDED_STATUSES), decided_by=None)
        elif self.decided_by:
            attempts = attempts.filter(Q(decided_by=self.decided_by))
        if self.practice:
            attempts = attempts.filter(is_sample_attempt=self.practice == Practice.ONLY)
        if self.archived != Archived.WITH:
            attempts = attempts.filter(archived_at__isnull=self.archived == Archived.WITHOUT)
        if self.attention == Attention.ONLY:
            attempts = attempts.requiring_attention()
        if self.attention == Attention.WITHOUT:
            attempts = attempts.exclude(rules.REQUIRES_ATTENTION)
        return attempts

    def _decision(self, zone: tzinfo) -> Q:
        """Return the condition for a decision: one that meets all that is asked of it."""
        condition = _within("at", self.decided_since, self.decided_until, zone)
        if self.decision:
            condition &= Q(to_status=self.decision)
        if self.reviewer:
            condition &= Q(by=self.reviewer)
        return condition


def in_words(params: Mapping[str, str], exam_name: str = "") -> list[str]:
    """Return each filter that the parameters set as a text: ``Status: Failed (rejected)``.

    ``exam_name`` is the name of the exam; without it the exam is left out.
    """
    texts = []
    for one in FILTERS:
        value = exam_name if one.name == "exam" else params.get(one.name)
        if value:
            texts.append(f"{one.label}: {_value_in_words(one, str(value))}")
    return texts


def _value_in_words(one: Filter, value: str) -> str:
    if one.is_day:
        return date_format(date.fromisoformat(value), "j M Y")
    if one.name in OF_PEOPLE:
        return _("the service") if value == SERVICE else _("account %(key)s") % {"key": value}
    return str(dict(one.choices).get(value, value))


def _choice(name: str, choices: Any, params: Mapping[str, Any]) -> Any:
    if name not in params:
        return None
    try:
        return choices(params[name])
    except ValueError:
        raise not_one_of(name, choices.values) from None


def _number(name: str, params: Mapping[str, Any]) -> int | None:
    value = params.get(name)
    if value is None:
        return None
    text = str(value)
    if text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= MAX_NUMBER:
        return int(text)
    raise InvalidInput(name, _("must be a whole number from 1 to %(max)d.") % {"max": MAX_NUMBER})


def _person(name: str, params: Mapping[str, Any]) -> str:
    """Return the key of a person as text, as it is stored."""
    if name not in params:
        return ""
    field = get_user_model()._meta.pk
    try:
        # A number that no column takes is nobody's key.
        return str(field.clean(clean_key(name, params[name]), None))
    except ValidationError:
        raise InvalidInput(name, _("must be the id of a person (or “service”, for decided_by).")) from None


def _has_incidents(group: IncidentGroup | None, number: int) -> Q:
    """Return the condition that so many incidents of the current review count."""
    if group is not None:
        return Q(**{f"current_review__{group.value}_count__gte": number})
    counts = [F(f"current_review__{label}_count") for label in ("suspicious", "rules_violation", "other")]
    return Q(GreaterThanOrEqual(counts[0] + counts[1] + counts[2], number))


def _took(time: ReviewTime) -> Q:
    """Return the condition that the first complete review took so long."""
    first, end = rules.REVIEW_TIME_SPANS[time]
    minutes = WholeMinutes("completed_at", "reviewed_at")
    condition = Q(completed_at__isnull=False, reviewed_at__isnull=False)
    # One that came before the end took no time.
    if first:
        condition &= Q(GreaterThanOrEqual(minutes, first))
    if end is not None:
        condition &= Q(LessThan(minutes, end))
    return condition


def _review_status(params: Mapping[str, Any]) -> str | None:
    if params.get("review_status") == NOTHING_TO_REVIEW:
        return NOTHING_TO_REVIEW
    status: ReviewStatus | None = _choice("review_status", ReviewStatus, params)
    return status


def _day(name: str, params: Mapping[str, Any]) -> date | None:
    value = params.get(name)
    if value is None or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    try:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise InvalidInput(name, _("must be a day such as 2026-05-01."))


def _in_order(first: date | None, last: date | None) -> bool:
    return first is None or last is None or first <= last


def _within(field: str, first: date | None, last: date | None, zone: tzinfo) -> Q:
    """Return the condition that something happened on these days, both included; without any, none."""
    condition = Q()
    if first:
        condition &= Q(**{f"{field}__gte": _midnight(first, zone)})
    if last:
        condition &= Q(**{f"{field}__lt": _midnight(min(last, LAST_DAY) + timedelta(days=1), zone)})
    return condition


def _midnight(day: date, zone: tzinfo) -> datetime:
    # Further away there is no exam, and in some time zones no such moment either.
    moment = datetime.combine(min(max(day, FIRST_DAY), LAST_DAY), time.min)
    return timezone.make_aware(moment, zone)
