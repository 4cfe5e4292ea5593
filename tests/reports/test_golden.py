"""The documented report never changes: a course with everything, byte for byte as it was in the first version.

If a change of the file is meant, it is another kind of report. Never write the golden file anew.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from proctoring_results import api
from proctoring_results.choices import AttemptStatus, ReportKind
from proctoring_results.models import ExamAttempt, Incident
from tests.factories import ExamAttemptFactory, ProctoredExamFactory, UserFactory
from tests.reports.reading import report_bytes

pytestmark = [pytest.mark.database, pytest.mark.django_db(transaction=True)]

GOLDEN = Path(__file__).with_name("golden")
START = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)


@pytest.fixture
def course():
    team = UserFactory(username="team", admin=True)
    every_status()
    reviews(team)
    odd_texts()
    learners_again(team)
    others()


def every_status() -> None:
    """Each status, started and not, in an exam that is called like another one."""
    for name, starts in (("Quiz", (None,)), ("Quiz", (START,))):
        exam = ProctoredExamFactory(exam_name=name)
        for number, status in enumerate(AttemptStatus):
            for start in starts:
                ExamAttemptFactory(
                    exam=exam,
                    user=learner(status),
                    attempt_code=f"{status}-{bool(start)}",
                    status=status,
                    started_at=start and start + timedelta(minutes=number),
                )


def learner(name: str, **options):
    return type(UserFactory.build()).objects.filter(username=name).first() or UserFactory(username=name, **options)


def reviews(team) -> None:
    """Each review status, with incidents of all labels; one of them is dismissed."""
    exam = ProctoredExamFactory(exam_name="Final")
    for status in api.ReviewStatus:
        attempt = ExamAttemptFactory(
            submitted=True, exam=exam, user=learner(f"R {status}"), attempt_code=f"review {status}", track="verified"
        )
        labels = ["Suspicious", "Rules Violation", "a label of its own", "", "Suspicious", "Rules Violation"]
        incidents = [api.IncidentData(status=label, comment=f"{number}, seen") for number, label in enumerate(labels)]
        api.record_review(attempt.attempt_code, status, incidents=incidents if status != "Clean" else ())
    [incident] = Incident.objects.filter(review__review_status="Suspicious", comment="4, seen")
    api.dismiss_incident(incident.pk, by=team, reason="A calculator.")
    api.pass_attempt("review Suspicious", by=team, reason="An appeal.")


def odd_texts() -> None:
    """Quotes, separators, line breaks, formulas, scripts of the world, and cells longer than Excel takes."""
    names = [
        '"',
        "a,b;c",
        "=1+1",
        " +1",
        "-1",
        "@x",
        "＝1",
        "\u3000=1",
        "امتحان",
        "期末考试",
        "é\u0301",
        "𝔸",
        "0012",
        "1E5",
    ]
    for number, name in enumerate(names):
        exam = ProctoredExamFactory(exam_name=name)
        user = UserFactory(username=f"{name}{number}", email="" if number % 2 else f"{name}@example.com")
        attempt = ExamAttemptFactory(submitted=True, exam=exam, user=user, attempt_code=f"{name}-odd")
        comments = [f"{name}\r\nsecond line", f"\t{name}", name * 9, "x" * 40_000 if name == "𝔸" else "last\r"]
        incidents = [api.IncidentData(status="Suspicious", comment=comment) for comment in comments]
        api.record_review(attempt.attempt_code, "Suspicious", incidents=incidents)


def learners_again(team) -> None:
    """Several attempts of one learner: archived ones, and one that fails after the review changed."""
    exam = ProctoredExamFactory(exam_name="Midterm")
    user = learner("Zoe")
    for number in range(3):
        attempt = ExamAttemptFactory(
            submitted=True,
            exam=exam,
            user=user,
            attempt_code=f"again-{number}",
            started_at=START - timedelta(days=number, microseconds=1),
            allowed_time_limit_mins=None,
        )
        api.record_review(attempt.attempt_code, "Clean")
        api.record_review(attempt.attempt_code, "Rules Violation" if number else "Not Reviewed")
        api.archive_attempt(attempt.attempt_code, reason="again")
    last = ExamAttemptFactory(submitted=True, exam=exam, user=user, attempt_code="again-last")
    api.fail_attempt(last.attempt_code, by=team, reason="x")


def others() -> None:
    """Practice, and what is in no report: another course, and an exam without proctoring."""
    ExamAttemptFactory(
        exam__is_practice_exam=True,
        exam__is_proctored=False,
        exam__exam_name="Practice",
        user=learner("Zoe"),
        attempt_code="practice",
    )
    ExamAttemptFactory(exam__is_proctored=False, user=learner("Zoe"))
    ExamAttemptFactory(exam__course_id="another", user=learner("Zoe"))


@pytest.mark.parametrize("kind", [ReportKind.EXAM_RESULTS, ReportKind.SESSION_RESULTS])
def test_the_file_of_a_course_with_everything_is_as_it_was(course, kind):
    assert ExamAttempt.objects.count() > 40
    assert report_bytes(kind=kind) == (GOLDEN / f"{kind}.csv").read_bytes()
