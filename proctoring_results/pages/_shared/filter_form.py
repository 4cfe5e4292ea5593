"""The filters of attempts as a form."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _

from proctoring_results.choices import Archived
from proctoring_results.filters import (
    FILTER_NAMES,
    FILTERS,
    MAX_NUMBER,
    OF_PEOPLE,
    SPANS,
    AttemptFilter,
    Filter,
    in_words,
)
from proctoring_results.queries.filter_choices import FilterChoices

if TYPE_CHECKING:
    from proctoring_results.models import ProctoredExam


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        # Browsers send and understand this, whatever the language.
        super().__init__(format="%Y-%m-%d")


class FilterForm(forms.Form):
    """The filters as they stand in an address, without those named ``without``.

    ``archived`` is what holds where that filter is not set.
    """

    use_required_attribute = False

    def __init__(
        self,
        params: Mapping[str, Any],
        exams: Iterable[ProctoredExam],
        *,
        archived: Archived = Archived.WITHOUT,
        without: Collection[str] = (),
    ) -> None:
        super().__init__(params, auto_id="pr-filter-%s", label_suffix="")
        self._archived = archived
        choices = FilterChoices(list(exams), params)
        for one in FILTERS:
            if one.name not in without:
                self.fields[one.name] = self._field(one, choices.of(one))

    def _field(self, one: Filter, choices: Iterable[tuple[str, Any]]) -> forms.Field:
        if one.is_day:
            return forms.DateField(label=one.label, required=False, widget=DayInput(), input_formats=["%Y-%m-%d"])
        if one.is_number:
            return forms.IntegerField(label=one.label, required=False, min_value=1, max_value=MAX_NUMBER)
        blank = (self._archived.label, self._archived.value) if one.name == "archived" else (_("All"), "")
        others = [(value, label) for value, label in choices if value != blank[1]]
        return forms.ChoiceField(label=one.label, required=False, choices=[("", blank[0]), *others])

    def clean(self) -> None:
        for first, last in SPANS:
            days = self.cleaned_data.get(first), self.cleaned_data.get(last)
            if days[0] and days[1] and days[0] > days[1]:
                label = self.fields[first].label
                self.add_error(last, _("This day is before “%(label)s”.") % {"label": label})

    def attempt_filter(self) -> AttemptFilter:
        values = {name: self.cleaned_data[name] for name in FILTER_NAMES if name in self.cleaned_data}
        return AttemptFilter.read(values, archived=self._archived)

    def in_words(self) -> list[tuple[str, str]]:
        """Return each filter that is set, with its name: ``("decided_by", "Decided by: Ana Berg")``. Not the exam."""
        texts = []
        for name, value in self.filters().items():
            if name in OF_PEOPLE:
                people = dict(self.fields[name].choices)  # type: ignore[attr-defined]  # a ChoiceField
                texts.append((name, f"{self.fields[name].label}: {people.get(value, value)}"))
            else:
                texts += [(name, text) for text in in_words({name: value})]
        return texts

    def filters(self) -> dict[str, str]:
        """Return the filters that are set, as they stand in the address."""
        return {name: str(self.data[name]) for name in self.fields if self.data.get(name)}
