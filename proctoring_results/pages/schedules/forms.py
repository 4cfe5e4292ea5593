"""The form of a schedule: what is requested, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from proctoring_results import permissions
from proctoring_results.choices import ReportFormat, ReportKind, ScheduleRhythm
from proctoring_results.exceptions import InvalidInput
from proctoring_results.filters import FILTER_NAMES
from proctoring_results.models.schedules import MAX_DAYS_AFTER_DUE
from proctoring_results.pages._shared.filter_form import FilterForm
from proctoring_results.queries.lookups import exams_in_course
from proctoring_results.reports.formats import available_formats
from proctoring_results.reports.kinds.registry import kinds
from proctoring_results.reports.narrowing import ARCHIVED
from proctoring_results.reports.rhythms import NUMBERS, Rhythm

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.forms import BoundField

    from proctoring_results.models import ProctoredExam, ReportSchedule
    from proctoring_results.reports.kinds.base import Kind

# A new schedule, until somebody chooses.
NEW = {
    "kind": ReportKind.EXAM_RESULTS.value,
    "format": ReportFormat.CSV.value,
    "rhythm": ScheduleRhythm.WEEKLY.value,
    "weekday": "0",
    "month_day": "1",
    "days_after_due": "7",
    "run_time": "06:00",
}


class ScheduleForm(FilterForm):
    """The filters, and what belongs to a schedule beside them. Only the number of the chosen rhythm counts."""

    def __init__(self, params: Mapping[str, Any], exams: Iterable[ProctoredExam], offered: Iterable[Kind]) -> None:
        super().__init__(params, exams, archived=ARCHIVED)
        self.fields["kind"] = forms.ChoiceField(
            label=gettext_lazy("Kind"), choices=[(one.name, one.label) for one in offered]
        )
        self.fields["format"] = forms.ChoiceField(
            label=gettext_lazy("Format"), choices=[(one.value, one.label) for one in available_formats()]
        )
        self.fields["rhythm"] = forms.ChoiceField(
            label=gettext_lazy("When"), choices=ScheduleRhythm.choices, widget=forms.RadioSelect
        )
        self.fields["weekday"] = forms.TypedChoiceField(
            label=gettext_lazy("Day of the week"),
            choices=list(WEEKDAYS.items()),
            coerce=int,
            empty_value=None,
            required=False,
        )
        self.fields["month_day"] = forms.IntegerField(
            label=gettext_lazy("Day of the month"),
            help_text=gettext_lazy("A shorter month has its report on its last day."),
            min_value=1,
            max_value=31,
            required=False,
        )
        self.fields["days_after_due"] = forms.IntegerField(
            label=gettext_lazy("Days after the due date"),
            help_text=gettext_lazy("Each exam that has a due date gets a report of its own, once."),
            min_value=1,
            max_value=MAX_DAYS_AFTER_DUE,
            required=False,
        )
        self.fields["run_time"] = forms.TimeField(
            label=gettext_lazy("Time of day"),
            widget=forms.TimeInput(format="%H:%M", attrs={"type": "time"}),
            input_formats=["%H:%M"],
        )
        self.fields["notify"] = forms.BooleanField(
            label=gettext_lazy("Tell me by mail when a report is ready or has failed"), required=False
        )

    def clean(self) -> None:
        super().clean()
        rhythm = self.cleaned_data.get("rhythm")
        name = NUMBERS[ScheduleRhythm(rhythm)][0] if rhythm else ""
        if name and self.cleaned_data.get(name) is None and name not in self.errors:
            self.add_error(name, _("Choose a number for this rhythm."))
        # What is wrong with a number that does not count is nobody's problem.
        for other, _first, _last in NUMBERS.values():
            if other != name:
                self.errors.pop(other, None)

    def rhythm(self) -> Rhythm:
        """Return the rhythm of a valid form."""
        rhythm = ScheduleRhythm(self.cleaned_data["rhythm"])
        name = NUMBERS[rhythm][0]
        return Rhythm(rhythm=rhythm, run_time=self.cleaned_data["run_time"], **{name: self.cleaned_data[name]})

    def request(self) -> dict[str, Any]:
        """Return kind, filters and format of a valid form."""
        return {
            "kind": self.cleaned_data["kind"],
            "filters": self.attempt_filter().params,
            "file_format": self.cleaned_data["format"],
            "notify": self.cleaned_data["notify"],
        }

    def refuse(self, refusal: InvalidInput) -> None:
        """Show beside its field what a verb has refused."""
        name = refusal.field.removeprefix("filters.")
        self.add_error(name if name in self.fields else None, refusal.problem)

    # ------------------------------------------------------------------------------------------- parts of the template

    @property
    def report_fields(self) -> list[BoundField]:
        return [self["kind"], self["format"]]

    @property
    def filter_fields(self) -> list[BoundField]:
        return [self[name] for name in FILTER_NAMES]

    @property
    def is_narrowed(self) -> bool:
        """Whether a filter is set, or wrong: then all are unfolded."""
        return any(self.data.get(name) for name in FILTER_NAMES)

    @property
    def number_fields(self) -> list[tuple[str, BoundField]]:
        """Each rhythm, and the field of its number."""
        return [(rhythm.value, self[name]) for rhythm, (name, _first, _last) in NUMBERS.items()]


def schedule_form(course_id: str, user: AbstractBaseUser, params: Mapping[str, Any]) -> ScheduleForm:
    """Return the form with the kinds that this person may request."""
    offered = [
        kind for kind in kinds().values() if not kind.permission or permissions.may(user, kind.permission, course_id)
    ]
    return ScheduleForm(params, exams_in_course(course_id).with_result(), offered)


def params_of(schedule: ReportSchedule) -> dict[str, str]:
    """Return what the form of a schedule has when it is opened."""
    numbers = {name: getattr(schedule, name) for name, _first, _last in NUMBERS.values()}
    return {
        **NEW,
        **schedule.filters,
        "kind": schedule.kind,
        "format": schedule.format,
        "rhythm": schedule.rhythm,
        "notify": "on" if schedule.notify else "",
        "run_time": f"{schedule.run_time:%H:%M}",
        **{name: str(value) for name, value in numbers.items() if value is not None},
    }
