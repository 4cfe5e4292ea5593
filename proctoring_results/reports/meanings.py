"""What each column of a report means, by its name. The same name means the same in every kind of report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from .columns import Column

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

COLUMN_MEANINGS: Mapping[str, StrPromise] = {
    "course_id": _("The ID of the course."),
    "exam_name": _("The name of the proctored exam in the body of the course."),
    "username": _("The username that identifies the learner taking the proctored exam."),
    "email": _("The email address that identifies the learner taking the proctored exam."),
    "user_email": _(
        "The email address that identifies the learner taking the proctored exam, or the username if there is none."
    ),
    "attempt_code": _(
        "An identifier for the exam attempt. The attempt code is an internal identifier and is included in the report "
        "for use in troubleshooting."
    ),
    "allowed_time_limit_mins": _(
        "The amount of time in minutes that this learner was allotted for completing the exam. Empty before the start."
    ),
    "is_sample_attempt": _("Indicates whether this exam attempt was for a practice exam: True or False."),
    "started_at": _("The date and time that the learner started to take the proctored exam, in UTC."),
    "completed_at": _(
        "The date and time that the learner submitted the proctored exam, or that the time was over, in UTC."
    ),
    "status": _(
        "The current status of the proctoring session as a whole: from when the learner chooses to take the proctored "
        "exam until the proctored exam review is complete. Then the review status affects it."
    ),
    "review_status": _(
        "The current status of the proctoring exam review by the proctoring service. A decision by the course team "
        "changes the status, not this."
    ),
    "Suspicious Count": _("Number of incidents during the exam that the proctoring service marked as “Suspicious”."),
    "Suspicious Comments": _(
        "The comments that the proctoring service entered for each “Suspicious” incident, separated by semicolons (;)."
    ),
    "Rules Violation Count": _(
        "Number of incidents during the exam that the proctoring service marked as “Rules Violation”."
    ),
    "Rules Violation Comments": _(
        "The comments that the proctoring service entered for each “Rules Violation” incident, separated by "
        "semicolons (;)."
    ),
    "provider": _("The proctoring service at the time when the attempt was created."),
    "track": _("The learner’s enrolment track at that time."),
    "attempt_number": _("1 for the learner’s first attempt at this exam, 2 for the second."),
    "is_archived": _("Indicates whether the attempt was archived: it no longer counts."),
    "extra_time_mins": _("How many minutes the learner was given beyond the time of the exam."),
    "dismissed_incidents": _(
        "How many incidents of the current review the course team dismissed: these are in no count."
    ),
    "decided_at": _("The date and time of a person’s decision, in UTC: of the last one where a row is an attempt."),
    "decided_by": _(
        "What the person who decided signs in with. In the decisions report, empty for somebody whom a service names."
    ),
    "decided_via": _("“person” for a decision made here, “reported” for one that the proctoring service reports."),
    "from_status": _("The status before the decision."),
    "to_status": _("The status after the decision: verified for Pass, rejected for Fail."),
    "reason": _("The reason that was given for the decision."),
    "category": _(
        "The category of the reason, by its key in the site’s list: no_photo_id, for example. Empty if none was chosen."
    ),
    "incident": _("The number of the incident in its review, from 1."),
    "start_seconds": _("When the incident begins, in seconds from the start of the recording."),
    "stop_seconds": _("When the incident ends, in seconds from the start of the recording."),
    "incident_kind": _("What was seen, as the proctoring service calls it: desktop, for example."),
    "incident_status": _("“Suspicious”, “Rules Violation”, or a label that the proctoring service uses."),
    "comment": _("The comment that the proctoring service entered for the incident."),
    "dismissed": _("Indicates whether the course team dismissed the incident: it is no longer counted."),
    "dismissed_at": _("The date and time that the incident was dismissed, in UTC."),
    "dismissed_by": _("What the person who dismissed the incident signs in with."),
    "dismissal_reason": _("Why the incident was dismissed."),
    "source": _("The proctoring service."),
}


def meaning_of(column: Column) -> str:
    """Return what the column means; empty if it is a host's, and the host does not say it."""
    return str(column.meaning or COLUMN_MEANINGS.get(column.name, ""))
