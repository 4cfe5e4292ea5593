"""*Choose what is in the report*: kind, filters and format, and what would come of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from proctoring_results.choices import ReportFormat, ReportKind
from proctoring_results.exceptions import InvalidInput
from proctoring_results.filters import FILTER_NAMES, in_words
from proctoring_results.lms import course_zone
from proctoring_results.pages._shared.filter_form import FilterForm
from proctoring_results.pages._shared.formats import number
from proctoring_results.people import email_of
from proctoring_results.queries.filter_choices import OF_COURSES
from proctoring_results.queries.lookups import exams_in_course
from proctoring_results.reports.formats import available_formats
from proctoring_results.reports.kinds.registry import kind_named
from proctoring_results.reports.narrowing import ARCHIVED, check_number_of_rows, filter_params, number_of_rows
from proctoring_results.reports.requests import kinds_in_course
from proctoring_results.services.reports import preference_of

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ProctoredExam
    from proctoring_results.reports.kinds.base import Kind

# What an address, or a request, of a chosen report has.
PARAMS = ("kind", *FILTER_NAMES, "format")


class ChooseForm(FilterForm):
    """The filters, between the kind and the format."""

    def __init__(
        self, params: Mapping[str, Any], exams: Iterable[ProctoredExam] | None, offered: Iterable[Kind], usual: str
    ) -> None:
        super().__init__(params, exams or (), archived=ARCHIVED, without=() if exams is not None else OF_COURSES)
        kind = forms.ChoiceField(
            label=gettext_lazy("Kind"),
            required=False,
            choices=[(one.name, one.label) for one in offered],
            initial=ReportKind.EXAM_RESULTS.value,
        )
        file_format = forms.ChoiceField(
            label=gettext_lazy("Format"),
            required=False,
            choices=[(one.value, one.label) for one in available_formats()],
            initial=usual,
        )
        self.fields = {"kind": kind, **self.fields, "format": file_format}

    @property
    def values(self) -> dict[str, str]:
        """What is chosen, with the usual kind and format where none is."""
        return {name: self.cleaned_data[name] or self.fields[name].initial for name in ("kind", "format")}


@dataclass(frozen=True, slots=True)
class Usual:
    """What the person chose last, for the forms of the page."""

    format: str
    notify: bool
    formats: list[tuple[str, str]]
    # Without one nobody can be told by mail.
    has_address: bool


def usual(user: AbstractBaseUser) -> Usual:
    preference = preference_of(user)
    formats = [(one.value, str(one.label)) for one in available_formats()]
    is_there = preference.file_format in dict(formats)
    return Usual(
        preference.file_format if is_there else ReportFormat.CSV.value, preference.notify, formats, bool(email_of(user))
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """The form, and what would come of it; nothing yet, while nothing is chosen."""

    form: ChooseForm
    is_open: bool = False
    label: str = ""
    description: str = ""
    # Each filter that is set, as a text.
    narrowed: list[str] = field(default_factory=list)
    format: str = ""
    # "About 38 rows", or why the report cannot be generated.
    rows: str = ""
    problem: str = ""
    # To be sent again, to generate what was shown.
    params: dict[str, str] = field(default_factory=dict)

    @property
    def is_refused(self) -> bool:
        return bool(self.form.is_bound and self.form.errors)


def choice_in_course(course_id: str, user: AbstractBaseUser, params: Mapping[str, Any], file_format: str) -> Choice:
    """Return what the parameters choose. ``file_format`` is the one that the person took last."""
    exams = list(exams_in_course(course_id).with_result())
    offered = {kind.name: [course_id] for kind in kinds_in_course(user, course_id)}
    return choice(offered, exams, params, file_format, course_zone(course_id))


def choice(
    courses_of: Mapping[str, list[str]],
    exams: Collection[ProctoredExam] | None,
    params: Mapping[str, Any],
    file_format: str,
    zone: tzinfo,
) -> Choice:
    """Return what the parameters choose among kinds, each about its courses; without ``exams`` about many.

    Days are those of the time zone.
    """
    offered = [kind_named(name) for name in courses_of]
    chosen = {name: str(params[name]) for name in PARAMS if params.get(name)}
    form = ChooseForm({"format": file_format, **chosen}, exams, offered, file_format)
    if not chosen:
        return Choice(form)
    if not form.is_valid():
        return Choice(form, is_open=True)
    filters, values = form.attempt_filter(), form.values
    kind, chosen_format = kind_named(values["kind"]), ReportFormat(values["format"])
    exam_name = next((exam.exam_name for exam in exams or () if exam.content_id == filters.exam), "")
    problem, rows = "", ""
    try:
        number_now = number_of_rows(kind, courses_of[kind.name], filters, zone)
        check_number_of_rows(chosen_format, number_now)
        rows = _about(number_now)
    except InvalidInput as refusal:
        problem = refusal.problem
    stored = filter_params(filters)
    return Choice(
        form,
        is_open=True,
        label=str(kind.label),
        description=str(kind.description),
        narrowed=in_words(stored, exam_name),
        format=str(chosen_format.label),
        rows=rows,
        problem=problem,
        params={"kind": kind.name, **stored, "format": chosen_format.value},
    )


def _about(rows: int) -> str:
    if not rows:
        return _("No rows: the file would have its header only.")
    return ngettext("About %(number)s row", "About %(number)s rows", rows) % {"number": number(rows)}
