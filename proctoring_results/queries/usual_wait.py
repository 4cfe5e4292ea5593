"""How long learners of a course usually wait for a result. Reads only."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from django.db.models import Min

from proctoring_results.choices import DECIDED_STATUSES
from proctoring_results.models import ExamAttempt, ProctoredExam, StatusChange

from .merged import MergedSessions
from .percentiles import percentile

# Of fewer results nothing is said, and the newest of more are looked at: a course may have become faster.
MIN_RESULTS, MAX_RESULTS = 10, 100


def usual_wait(course_id: str) -> timedelta | None:
    """Return the median time from the end of an exam to its first result; None after too few results. Three queries."""
    exams = ProctoredExam.objects.in_course(course_id).with_result().values_list("pk", flat=True)
    decided = ExamAttempt.objects.counting_for_grade().filter(
        status__in=sorted(DECIDED_STATUSES), completed_at__isnull=False
    )
    newest = MergedSessions(list(exams), decided, ("-last_activity_at", "-pk"), is_searched=False).first(MAX_RESULTS)
    ends = {attempt.pk: attempt.completed_at for attempt, _ in newest}
    results = StatusChange.objects.standing().filter(attempt__in=ends, to_status__in=sorted(DECIDED_STATUSES))
    firsts = dict(results.order_by().values_list("attempt").annotate(first=Min("at")))
    waits = Counter(max(firsts[pk] - ends[pk], timedelta()) // timedelta(minutes=1) for pk in firsts)
    return percentile(waits, 50) if waits.total() >= MIN_RESULTS else None
