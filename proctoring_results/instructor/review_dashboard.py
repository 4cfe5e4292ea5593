"""What stands on the Quiz List and on Sessions, ready to be printed: a template asks no questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django import forms
from django.db.models import TextChoices
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from proctoring_results import access, api
from proctoring_results.lms import lms
from proctoring_results.models.attention import attention_reasons
from proctoring_results.overview.preview import obstacle_to
from proctoring_results.overview.queue import AttemptFilter, QuizRow, goes_of_learners, quiz_list, sessions
from proctoring_results.providers.policy import policy_of
from proctoring_results.statuses import AttemptStatus, AttentionReason, ReviewStatus

from .paging import Pager, number, page_of, pager

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ExamAttempt, ProctoredExam


@dataclass(frozen=True, slots=True)
class Place:
    """A page of the Review Dashboard, in the navigation that all of them share."""

    name: str
    url: str
    is_here: bool


def places(course_id: str, here: str) -> list[Place]:
    """``here`` is the name of a URL. A page that is added to the dashboard gets its line here."""
    named = [
        ("special_exams", _("Quiz List")),
        ("sessions", _("Sessions")),
        ("numbers", _("Numbers")),
        ("review_dashboard", _("Service’s dashboard")),
    ]
    return [Place(name, reverse(f"proctoring_results:{view}", args=[course_id]), view == here) for view, name in named]


# ------------------------------------------------------------------------------------------------------------ Quiz List


@dataclass(frozen=True, slots=True)
class Quiz:
    row: QuizRow
    sessions_url: str
    # Named as the columns are.
    counts: list[tuple[str, str]]
    needing_attention: str


@dataclass(frozen=True, slots=True)
class QuizGroup:
    heading_id: str
    heading: str
    quizzes: list[Quiz]


def draw_quiz_list(course_id: str) -> list[QuizGroup]:
    """The proctored exams, and the practice exams apart."""
    drawn = [_quiz(row, sessions_url(row.exam)) for row in quiz_list(course_id)]
    groups = [
        ("pr-proctored", _("Proctored exams"), [quiz for quiz in drawn if not quiz.row.exam.is_practice_exam]),
        ("pr-practice", _("Practice exams"), [quiz for quiz in drawn if quiz.row.exam.is_practice_exam]),
    ]
    return [QuizGroup(*group) for group in groups if group[2]]


def sessions_url(exam: ProctoredExam) -> str:
    address = reverse("proctoring_results:sessions", args=[exam.course_id])
    return f"{address}?{urlencode({'exam': exam.content_id})}"


def _quiz(row: QuizRow, sessions_url: str) -> Quiz:
    counts = [
        (_("Attempts"), row.attempts),
        (_("Pending"), row.pending),
        (_("Satisfactory"), row.satisfactory),
        (_("Unsatisfactory"), row.unsatisfactory),
        (_("In error"), row.in_error),
    ]
    return Quiz(
        row=row,
        sessions_url=sessions_url,
        counts=[(name, number(count)) for name, count in counts],
        needing_attention=number(row.needing_attention) if row.needing_attention else "",
    )


# ------------------------------------------------------------------------------------------------------------- filters


class Practice(TextChoices):
    ANY = "", gettext_lazy("All")
    WITHOUT = "without", gettext_lazy("Without practice")
    ONLY = "only", gettext_lazy("Only practice")


class Archived(TextChoices):
    ANY = "", gettext_lazy("Without archived")
    WITH = "with", gettext_lazy("With archived")
    ONLY = "only", gettext_lazy("Only archived")


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        # What browsers send and understand, whatever the language.
        super().__init__(format="%Y-%m-%d")


class FilterForm(forms.Form):
    """The filters as they stand in the address."""

    use_required_attribute = False

    exam = forms.ChoiceField(label=gettext_lazy("Exam"), required=False)
    status = forms.ChoiceField(
        label=gettext_lazy("Status"), required=False, choices=[("", gettext_lazy("All")), *AttemptStatus.choices]
    )
    review = forms.ChoiceField(
        label=gettext_lazy("Review"), required=False, choices=[("", gettext_lazy("All")), *ReviewStatus.choices]
    )
    since = forms.DateField(
        label=gettext_lazy("Started from"), required=False, widget=DayInput(), input_formats=["%Y-%m-%d"]
    )
    until = forms.DateField(
        label=gettext_lazy("Started until"), required=False, widget=DayInput(), input_formats=["%Y-%m-%d"]
    )
    practice = forms.ChoiceField(label=gettext_lazy("Practice exams"), required=False, choices=Practice.choices)
    archived = forms.ChoiceField(label=gettext_lazy("Archived"), required=False, choices=Archived.choices)

    def __init__(self, asked: Mapping[str, Any], exams: Iterable[ProctoredExam]) -> None:
        super().__init__(asked, auto_id="pr-filter-%s", label_suffix="")
        choice: Any = self.fields["exam"]
        choice.choices = [("", _("All")), *((exam.content_id, exam.exam_name) for exam in exams)]

    def wanted(self, search: str) -> AttemptFilter:
        given = self.cleaned_data
        return AttemptFilter(
            content_id=given["exam"],
            status=AttemptStatus(given["status"]) if given["status"] else None,
            review_status=ReviewStatus(given["review"]) if given["review"] else None,
            since=given["since"],
            until=given["until"],
            practice=given["practice"],
            archived=given["archived"],
            search=search,
        )

    def kept(self) -> dict[str, str]:
        """What stands in the address and means something."""
        return {name: str(self.data[name]) for name in self.fields if self.data.get(name)}

    def in_words(self) -> list[str]:
        """What is filtered by, besides the exam."""
        given = {name: self.cleaned_data[name] for name in self.fields if name != "exam" and self.cleaned_data[name]}
        return [f"{self.fields[name].label}: {self._said(name, value)}" for name, value in given.items()]

    def _said(self, name: str, value: Any) -> str:
        if isinstance(value, date):
            return date_format(value, "j M Y")
        field: Any = self.fields[name]
        return str(dict(field.choices)[value])


# ------------------------------------------------------------------------------------------------------------ sessions


@dataclass(frozen=True, slots=True)
class Go:
    """Another attempt of the same learner at the same exam."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class SessionRow:
    attempt: ExamAttempt
    learner: str
    email: str
    url: str
    review: str
    suspicious: int
    violations: int
    reasons: list[str]
    # Since when it waits, or when something last happened.
    at: datetime
    goes: list[Go]
    may_be_chosen: bool


@dataclass(frozen=True, slots=True)
class SessionList:
    name: str
    rows: list[SessionRow]
    pager: Pager
    total: str


@dataclass(frozen=True, slots=True)
class SessionsPage:
    form: FilterForm
    filters: str
    is_filtered: bool
    # The one exam that is shown, if it is one; and what else is filtered by.
    exam_name: str
    filters_in_words: list[str]
    search: str
    may_decide: bool
    whom_to_ask: str
    # Providers of the exams shown that do second reviews themselves.
    second_reviewers: list[str]
    lists: list[SessionList]


def draw_sessions(course_id: str, user: AbstractBaseUser, asked: Mapping[str, Any], search: str) -> SessionsPage:
    """The sessions of a course, as the filters in the address say, and what is searched for."""
    exams = list(api.exams_in_course(course_id).with_result())
    form = FilterForm(asked, exams)
    may_decide = access.may(user, access.DECIDE_ATTEMPT, course_id)
    kept, is_valid = form.kept(), form.is_valid()
    shown = [exam for exam in exams if kept.get("exam", exam.content_id) == exam.content_id]
    return SessionsPage(
        form=form,
        filters=urlencode(kept),
        is_filtered=bool(kept),
        exam_name=shown[0].exam_name if "exam" in kept and shown else "",
        filters_in_words=form.in_words() if is_valid else [],
        search=search,
        may_decide=may_decide,
        whom_to_ask="" if may_decide else lms().whom_to_ask(course_id),
        second_reviewers=sorted(provider for provider in {exam.provider for exam in shown} if reviews_again(provider)),
        lists=_lists(course_id, form.wanted(search), asked, kept, may_decide) if is_valid else [],
    )


def reviews_again(provider: str) -> bool:
    """Whether the provider does second reviews itself."""
    return policy_of(provider).second_review_by == "provider"


def _lists(
    course_id: str, wanted: AttemptFilter, asked: Mapping[str, Any], kept: Mapping[str, str], may_decide: bool
) -> list[SessionList]:
    found = sessions(course_id, wanted)
    first, others = page_of(found.requiring_attention, asked.get("attention")), page_of(found.others, asked.get("page"))
    rows = [*first, *others]
    goes = goes_of_learners(rows)
    reasons = attention_reasons([attempt.pk for attempt in first])
    drawn = {
        attempt.pk: _row(attempt, reasons.get(attempt.pk, []), goes[attempt.user_id, attempt.exam_id], may_decide)
        for attempt in rows
    }
    return [
        SessionList(
            "pr-attention",
            [drawn[one.pk] for one in first],
            pager(first, "attention", kept=kept, page=others.number),
            number(first.paginator.count),
        ),
        SessionList(
            "pr-others",
            [drawn[one.pk] for one in others],
            pager(others, "page", kept=kept, attention=first.number),
            number(others.paginator.count),
        ),
    ]


def _row(attempt: ExamAttempt, reasons: list[AttentionReason], goes: list[ExamAttempt], may_decide: bool) -> SessionRow:
    review = attempt.current_review
    return SessionRow(
        attempt=attempt,
        learner=attempt.user.get_username(),
        email=getattr(attempt.user, attempt.user.get_email_field_name(), ""),
        url=_url(attempt),
        review=review.get_review_status_display() if review else "",
        suspicious=review.suspicious_count if review else 0,
        violations=review.rules_violation_count if review else 0,
        # That a second review is required is what the status says.
        reasons=[str(reason.label) for reason in reasons if reason is not AttentionReason.SECOND_REVIEW],
        at=attempt.attention_since or attempt.last_activity_at,
        goes=[_go(number, one) for number, one in enumerate(goes, 1) if one.pk != attempt.pk],
        may_be_chosen=may_decide and can_be_passed_from_the_list(attempt),
    )


def _go(number: int, attempt: ExamAttempt) -> Go:
    words = {"number": number, "status": attempt.get_status_display()}
    if attempt.archived_at:
        return Go(_("Attempt %(number)d: %(status)s, archived") % words, _url(attempt))
    return Go(_("Attempt %(number)d: %(status)s") % words, _url(attempt))


def _url(attempt: ExamAttempt) -> str:
    return reverse("proctoring_results:session", args=[attempt.attempt_code])


def can_be_passed_from_the_list(attempt: ExamAttempt) -> bool:
    """Not where the provider reviews again: that is decided on the session's own page, behind a sentence."""
    is_passed = attempt.status == AttemptStatus.VERIFIED and attempt.attention_since is None
    return not (is_passed or reviews_again(attempt.provider)) and obstacle_to(attempt, AttemptStatus.VERIFIED) is None
