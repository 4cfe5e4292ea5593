"""The kinds of reports: those of the app, and those that the host adds."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.module_loading import import_string
from django.utils.translation import gettext

from proctoring_results.choices import CASE_FILE, ReportFailure
from proctoring_results.conf import conf
from proctoring_results.exceptions import ReportCannotBeBuilt

from .base import Kind
from .decisions import Decisions
from .exam_results import ExamResults
from .extended_results import ExtendedResults
from .incidents import Incidents
from .session_results import SessionResults

# In the order in which pages offer them.
OWN_KINDS: tuple[type[Kind], ...] = (ExamResults, ExtendedResults, Incidents, Decisions, SessionResults)


def kinds() -> Mapping[str, Kind]:
    """Return every kind by its name, those of the app first."""
    every = (*OWN_KINDS, *map(import_string, conf().REPORT_KINDS))
    return {kind.name: kind() for kind in every}


def kind_named(name: str) -> Kind:
    """Return the kind. Raises ``ReportCannotBeBuilt`` if there is none, or no longer."""
    try:
        return kinds()[name]
    except KeyError:
        raise ReportCannotBeBuilt(ReportFailure.NO_SUCH_KIND, f"Its name is {name!r}.") from None


def kind_label(name: str) -> str:
    """Return what people call a kind; its name, if the host has taken it away."""
    if name == CASE_FILE:
        return gettext("Case file")
    kind = kinds().get(name)
    return str(kind.label) if kind else name
