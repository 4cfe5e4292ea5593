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
