"""Every column of every kind of report is explained."""

import pytest

from proctoring_results.choices import ReportKind
from proctoring_results.reports.kinds.registry import kind_named
from proctoring_results.reports.meanings import COLUMN_MEANINGS


@pytest.mark.parametrize("kind", ReportKind)
def test_every_column_of_a_kind_has_a_meaning(kind):
    assert [column.name for column in kind_named(kind).columns() if not str(COLUMN_MEANINGS.get(column.name, ""))] == []
