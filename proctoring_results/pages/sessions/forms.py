"""The filters of Sessions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import TextChoices
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from proctoring_results.choices import AttemptStatus, ReviewStatus
from proctoring_results.queries.sessions import AttemptFilter
from proctoring_results.rules import full_status_label

if TYPE_CHECKING:
    from proctoring_results.models import ProctoredExam


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
        # Browsers send and understand this, whatever the language.
        super().__init__(format="%Y-%m-%d")


class FilterForm(forms.Form):
    """The filters as they stand in the address."""

    use_required_attribute = False

    exam = forms.ChoiceField(label=gettext_lazy("Exam"), required=False)
    status = forms.ChoiceField(label=gettext_lazy("Status"), required=False)
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

    def __init__(self, params: Mapping[str, Any], exams: Iterable[ProctoredExam]) -> None:
        super().__init__(params, auto_id="pr-filter-%s", label_suffix="")
        exam: Any = self.fields["exam"]
        exam.choices = [("", _("All")), *((exam.content_id, exam.exam_name) for exam in exams)]
        status: Any = self.fields["status"]
        status.choices = [("", _("All")), *((value, full_status_label(value)) for value in AttemptStatus.values)]

    def clean(self) -> None:
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        if since and until and since > until:
            self.add_error("until", _("This day is before “Started from”."))

    def attempt_filter(self, search: str) -> AttemptFilter:
        values = self.cleaned_data
        return AttemptFilter(
            content_id=values["exam"],
            status=AttemptStatus(values["status"]) if values["status"] else None,
            review_status=ReviewStatus(values["review"]) if values["review"] else None,
            since=values["since"],
            until=values["until"],
            practice=values["practice"],
            archived=values["archived"],
            search=search,
        )

    def filters(self) -> dict[str, str]:
        """Return the filters that are set, as they stand in the address."""
        return {name: str(self.data[name]) for name in self.fields if self.data.get(name)}

    def labels(self) -> list[str]:
        """Return each filter that is set, except the exam, as a text."""
        values = {name: self.cleaned_data[name] for name in self.fields if name != "exam" and self.cleaned_data[name]}
        return [f"{self.fields[name].label}: {self._label(name, value)}" for name, value in values.items()]

    def _label(self, name: str, value: Any) -> str:
        if isinstance(value, date):
            return date_format(value, "j M Y")
        field: Any = self.fields[name]
        return str(dict(field.choices)[value])
