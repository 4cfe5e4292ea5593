"""Rows for tests. Each is valid as it comes; traits say what is special."""

from datetime import UTC, datetime, time, timedelta

import factory
from django.contrib.auth import get_user_model
from django.utils import timezone
from factory.django import DjangoModelFactory

from proctoring_results import crypto
from proctoring_results.choices import (
    OPEN_STATUSES,
    AttemptStatus,
    ReportFailure,
    ReportState,
    ReviewStanding,
    ReviewStatus,
    Source,
)
from proctoring_results.models import (
    Evidence,
    ExamAttempt,
    ExamReview,
    Incident,
    ProctoredExam,
    Report,
    ReportFile,
    ReportSchedule,
    TeamNote,
)
from proctoring_results.rules import exam_gives_results

COURSE = "course-v1:DemoX+PR101+2026"


class UserFactory(DjangoModelFactory):
    class Meta:
        model = get_user_model()

    username = factory.Sequence(lambda n: f"learner{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")

    class Params:
        admin = factory.Trait(is_superuser=True, is_staff=True)


class ProctoredExamFactory(DjangoModelFactory):
    class Meta:
        model = ProctoredExam

    course_id = COURSE
    content_id = factory.Sequence(lambda n: f"block-v1:exam{n}")
    exam_name = factory.Sequence(lambda n: f"Midterm {n}")
    time_limit_mins = 60
    provider = "proctortrack"


class ExamAttemptFactory(DjangoModelFactory):
    class Meta:
        model = ExamAttempt

    user = factory.SubFactory(UserFactory)
    exam = factory.SubFactory(ProctoredExamFactory)
    provider = factory.SelfAttribute("exam.provider")
    is_sample_attempt = factory.SelfAttribute("exam.is_practice_exam")
    taking_as_proctored = factory.LazyAttribute(lambda attempt: exam_gives_results(attempt.exam))
    archived_at = None
    open_key = factory.LazyAttribute(
        lambda attempt: (
            f"{attempt.exam.pk}:{attempt.user.pk}"
            if attempt.status in OPEN_STATUSES and attempt.archived_at is None
            else None
        )
    )

    # As the verbs keep it.
    attention_since = factory.LazyAttribute(
        lambda attempt: (
            timezone.now()
            if attempt.status == AttemptStatus.SECOND_REVIEW_REQUIRED and attempt.archived_at is None
            else None
        )
    )

    class Params:
        started = factory.Trait(
            status=AttemptStatus.STARTED,
            started_at=factory.LazyFunction(timezone.now),
            allowed_time_limit_mins=60,
            ends_at=factory.LazyAttribute(lambda attempt: attempt.started_at + timedelta(minutes=60)),
        )
        submitted = factory.Trait(
            status=AttemptStatus.SUBMITTED,
            started_at=datetime(2026, 5, 1, 9, 30, tzinfo=UTC),
            completed_at=datetime(2026, 5, 1, 10, 15, tzinfo=UTC),
            allowed_time_limit_mins=60,
        )
        verified = factory.Trait(submitted=True, status=AttemptStatus.VERIFIED)
        rejected = factory.Trait(submitted=True, status=AttemptStatus.REJECTED)
        archived = factory.Trait(archived_at=factory.LazyFunction(timezone.now))


class ExamReviewFactory(DjangoModelFactory):
    class Meta:
        model = ExamReview

    attempt = factory.SubFactory(ExamAttemptFactory, submitted=True)
    review_status = ReviewStatus.CLEAN
    source = Source.PROVIDER
    received_at = factory.LazyFunction(timezone.now)
    standing = ReviewStanding.APPLIED


class IncidentFactory(DjangoModelFactory):
    class Meta:
        model = Incident

    review = factory.SubFactory(ExamReviewFactory)
    position = factory.Sequence(lambda n: n)
    status = "Suspicious"
    comment = "Looks away"


class EvidenceFactory(DjangoModelFactory):
    class Meta:
        model = Evidence

    class Params:
        address = "https://video.example/secret"

    review = factory.SubFactory(ExamReviewFactory)
    position = factory.Sequence(lambda n: n)
    kind = "video"
    url = factory.LazyAttribute(lambda evidence: crypto.encrypt(evidence.address))


class TeamNoteFactory(DjangoModelFactory):
    class Meta:
        model = TeamNote

    attempt = factory.SubFactory(ExamAttemptFactory, submitted=True)
    author = factory.SubFactory(UserFactory)
    at = factory.LazyFunction(timezone.now)
    text = "Ask the invigilator"


class ReportFactory(DjangoModelFactory):
    """Asked for, and nothing done yet."""

    class Meta:
        model = Report
        skip_postgeneration_save = True

    kind = "proctored_exam_results_report"
    course_id = COURSE
    requested_by = factory.SubFactory(UserFactory)
    requested_at = factory.LazyFunction(timezone.now)
    next_try_at = factory.LazyAttribute(lambda report: report.requested_at if report.state == "queued" else None)
    unfinished_key = factory.Sequence(lambda n: f"key-{n}")
    file_name = factory.Sequence(lambda n: f"report-{n}.csv")

    class Params:
        failed = factory.Trait(
            state=ReportState.FAILED,
            unfinished_key=None,
            failure=ReportFailure.STORAGE,
            reference="0123ABCD",
            finished_at=factory.LazyFunction(timezone.now),
        )

    @factory.post_generation
    def ready(self, create, extracted, **kwargs):
        """``ready=True`` or the bytes of the file."""
        if extracted:
            make_ready(self, b"a,b\r\n" if extracted is True else extracted)


class ReportScheduleFactory(DjangoModelFactory):
    """Every Monday at six, and just created."""

    class Meta:
        model = ReportSchedule

    course_id = COURSE
    place = factory.Sequence(lambda n: n % 20 + 1)
    owner = factory.SubFactory(UserFactory)
    created_at = counts_from = state_since = factory.LazyFunction(timezone.now)
    state_by = factory.SelfAttribute("owner")
    kind = "proctored_exam_results_report"
    rhythm = "weekly"
    weekday = 0
    run_time = time(6)
    next_run_at = factory.LazyAttribute(
        lambda schedule: schedule.created_at + timedelta(days=7) if schedule.state == "active" else None
    )
    state = "active"


def make_ready(report: Report, content: bytes) -> None:
    from io import BytesIO

    from proctoring_results.reports import files

    now = timezone.now()
    file = ReportFile.objects.create(
        report=report, fence=1, storage_key=f"tests/{report.task_id}-1.csv", created_at=now
    )
    files.store(file, BytesIO(content))
    Report.objects.filter(pk=report.pk).update(
        state=ReportState.READY,
        unfinished_key=None,
        next_try_at=None,
        file=file,
        rows=1,
        size=len(content),
        as_of=now,
        finished_at=now,
        expires_at=now + timedelta(days=90),
    )
    report.refresh_from_db()
