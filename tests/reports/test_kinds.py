"""Each kind of report is whole."""

import io
from unittest.mock import Mock

import pytest

from proctoring_results import api
from proctoring_results.choices import ReportKind
from proctoring_results.guard import guarded_text
from proctoring_results.models import ExamAttempt, Report
from proctoring_results.pages.data_download.sentences import being_created, currently_being_created
from proctoring_results.reports.build import write_report
from proctoring_results.reports.kinds import EXAM_RESULTS, KINDS, Kind, rows_of
from tests.factories import COURSE, ExamAttemptFactory, UserFactory


def test_every_kind_of_report_has_its_entry():
    assert set(KINDS) == set(ReportKind)
    assert all(entry.kind is kind for kind, entry in KINDS.items())


def test_no_kind_borrows_the_sentences_of_another():
    sentences = [sentence(kind) for kind in ReportKind for sentence in (being_created, currently_being_created)]
    assert len(set(sentences)) == 2 * len(ReportKind)
    assert all(ReportKind(kind).label.lower() in being_created(kind).lower() for kind in ReportKind)


@pytest.mark.database
@pytest.mark.django_db
@pytest.mark.parametrize("kind", ReportKind)
def test_no_cell_of_an_attempt_without_anything_is_null(kind):
    ExamAttemptFactory(user__email="")
    assert None not in row_of(kind)


@pytest.mark.database
@pytest.mark.django_db
@pytest.mark.parametrize("kind", ReportKind)
def test_no_cell_of_any_kind_runs_as_a_formula(kind, settings):
    settings.PROCTORING_RESULTS = {"REPORT_PROVIDER_COLUMNS": True}
    names = {"exam__course_id": "=c", "exam__content_id": "=i", "exam__exam_name": "=n", "exam__provider": "=p"}
    learner = UserFactory(username="=u", email="=e", first_name="=f", last_name="=l")
    attempt = ExamAttemptFactory(submitted=True, user=learner, attempt_code="=a", track="=t", **names)
    incidents = [api.IncidentData(status=status, comment="=c") for status in ("Suspicious", "Rules Violation")]
    api.record_review(attempt.attempt_code, "Suspicious", incidents=incidents)
    assert [cell for cell in row_of(kind) if guarded_text(cell) != cell] == []


def row_of(kind: ReportKind) -> tuple[str, ...]:
    return rows_of(KINDS[kind].columns(), ExamAttempt.objects.all()).get()


@pytest.mark.django_db(transaction=True)
def test_the_columns_are_built_once_a_build(monkeypatch):
    ExamAttemptFactory()
    columns = Mock(side_effect=EXAM_RESULTS.columns)
    entry = Kind(kind=ReportKind.EXAM_RESULTS, columns=columns, being_created="", currently_being_created="")
    monkeypatch.setattr("proctoring_results.reports.build.KINDS", {**KINDS, ReportKind.EXAM_RESULTS: entry})
    write_report(Report(course_id=COURSE, kind=entry.kind), io.BytesIO(), lambda step: None, lambda done, total: None)
    assert columns.call_count == 1
