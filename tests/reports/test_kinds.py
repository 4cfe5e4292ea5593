"""Each kind of report is whole."""

import io
from unittest.mock import Mock

import pytest

from proctoring_results import api
from proctoring_results.choices import ReportKind
from proctoring_results.guard import guarded_text
from proctoring_results.models import ExamAttempt, Report
from proctoring_results.pages._shared.report_sentences import being_created, currently_being_created
from proctoring_results.reports.build import write_report
from proctoring_results.reports.kinds.base import cells
from proctoring_results.reports.kinds.exam_results import ExamResults
from proctoring_results.reports.kinds.registry import kind_named, kinds
from tests.factories import COURSE, ExamAttemptFactory, UserFactory


def test_every_kind_of_report_has_its_entry():
    assert set(kinds()) == set(ReportKind)


def test_no_kind_borrows_the_sentences_of_another():
    sentences = [sentence(kind) for kind in ReportKind for sentence in (being_created, currently_being_created)]
    assert len(set(sentences)) == 2 * len(ReportKind)
    assert all(str(kind.label).lower() in being_created(name).lower() for name, kind in kinds().items())


@pytest.mark.database
@pytest.mark.django_db
@pytest.mark.parametrize("kind", ReportKind)
def test_no_cell_without_a_value_is_null(kind):
    attempt = ExamAttemptFactory(user__email="", submitted=True)
    api.record_review(attempt.attempt_code, "Suspicious", incidents=[api.IncidentData(status="", comment="")])
    api.fail_attempt(attempt.attempt_code, by=UserFactory(admin=True), reason="x")
    ExamAttemptFactory(user__email="")
    assert [row for row in rows_of(kind) if None in row] == []


@pytest.mark.database
@pytest.mark.django_db
@pytest.mark.parametrize("kind", ReportKind)
def test_no_cell_of_any_kind_runs_as_a_formula(kind):
    names = {"exam__course_id": "=c", "exam__content_id": "=i", "exam__exam_name": "=n", "exam__provider": "=p"}
    learner = UserFactory(username="=u", email="=e", first_name="=f", last_name="=l")
    attempt = ExamAttemptFactory(submitted=True, user=learner, attempt_code="=a", track="=t", **names)
    incidents = [api.IncidentData(status=status, comment="=c", kind="=k") for status in ("Suspicious", "=s")]
    api.record_review(attempt.attempt_code, "Suspicious", incidents=incidents)
    team = UserFactory(admin=True, username="=team")
    incident = ExamAttempt.objects.get().current_review.incidents.first()
    api.dismiss_incident(incident.pk, by=team, reason="=r")
    api.fail_attempt(attempt.attempt_code, by=team, reason="=r")
    rows = rows_of(kind)
    assert rows
    assert [cell for row in rows for cell in row if guarded_text(cell) != cell] == []


def rows_of(name: str) -> list[tuple[str, ...]]:
    kind = kind_named(name)
    return list(cells(kind, kind.columns(), ExamAttempt.objects.all()))


@pytest.mark.django_db(transaction=True)
def test_the_columns_are_built_once_a_build(monkeypatch):
    ExamAttemptFactory()
    columns = Mock(side_effect=ExamResults().columns)
    monkeypatch.setattr(ExamResults, "columns", columns)
    report = Report(course_id=COURSE, kind=ExamResults.name)
    write_report(report, io.BytesIO(), lambda step: None, lambda done, total: None)
    assert columns.call_count == 1
