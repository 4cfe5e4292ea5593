"""What each stored word of an attempt and of a review means, how it comes about and what the learner reads.

The texts of pages, documentation and API, once. They are data beside ``choices.py``; most are the documents' own words.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from proctoring_results.choices import AttemptStatus, NoResultWord, ReviewStatus
from proctoring_results.rules import RESULT_WORDS

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

S, R = AttemptStatus, ReviewStatus


@dataclass(frozen=True, slots=True)
class StatusMeaning:
    meaning: StrPromise
    # How an attempt comes to have this status.
    cause: StrPromise


@dataclass(frozen=True, slots=True)
class ReviewMeaning:
    # Pass, Fail or n/a.
    exam_result: StrPromise
    meaning: StrPromise
    # What it leads to if the provider's policy says nothing else; for Suspicious, the one or the other.
    leads_to: tuple[AttemptStatus, ...]


STATUS_MEANINGS: Mapping[AttemptStatus, StatusMeaning] = {
    S.CREATED: StatusMeaning(
        _("The exam attempt record has been created, but the exam has not yet been started."),
        _("The learner chose to take the exam as a proctored exam."),
    ),
    S.DOWNLOAD_SOFTWARE_CLICKED: StatusMeaning(
        _("The learner is setting up the proctoring software. The exam has not yet been started."),
        _("The learner went to download the software."),
    ),
    S.READY_TO_START: StatusMeaning(
        _("The exam attempt record has been created. The learner still needs to start the exam."),
        _("The proctoring service or the LMS reported that the software is set up."),
    ),
    S.STARTED: StatusMeaning(
        _("The learner has started the proctored exam."),
        _("The learner began the exam, and the time is running."),
    ),
    S.READY_TO_SUBMIT: StatusMeaning(
        _("The learner has completed but not yet submitted the proctored exam."),
        _("The learner ended the exam and was asked to confirm the submission."),
    ),
    S.COMPLETED: StatusMeaning(
        _("The learner has completed the proctored exam."),
        _("The LMS reported that the exam is over. The submission for review follows."),
    ),
    S.SUBMITTED: StatusMeaning(
        _("The learner has completed the proctored exam and results have been submitted for review."),
        _("The learner submitted the exam, or the LMS did when the time was over."),
    ),
    S.TIMED_OUT: StatusMeaning(
        _("The proctored exam has timed out."),
        _("The learner’s time was over before the exam was submitted. It is reviewed all the same."),
    ),
    S.SECOND_REVIEW_REQUIRED: StatusMeaning(
        _(
            "The exam attempt has been reviewed and the review team has determined that the exam requires additional "
            "evaluation."
        ),
        _(
            "This status results from a review status of “Suspicious”. Who performs the second review depends on the "
            "proctoring service, and the Quiz List says it for each exam: with Proctortrack, the course team; with "
            "RPNow, the review team of the service, and course teams do not need to take any action."
        ),
    ),
    S.VERIFIED: StatusMeaning(
        _("The proctoring session review has been completed, and the learner has passed the review."),
        _(
            "This status results from a review status of “Clean” or “Rules Violation”, or from a Pass by a member of "
            "the course team."
        ),
    ),
    S.REJECTED: StatusMeaning(
        _(
            "The proctoring session review has been completed, and the learner has not passed the review. The learner "
            "automatically receives a score of 0 for the exam. For most courses, the learner is no longer eligible for "
            "academic credit."
        ),
        _(
            "This status results from a review status of “Suspicious”: with Proctortrack after a member of the course "
            "team marks the exam session a failure, with RPNow by the review itself. Whatever the review, it results "
            "from a Fail by a member of the course team."
        ),
    ),
    S.DECLINED: StatusMeaning(
        _("The learner declined to take the exam as a proctored exam."),
        _("The learner chose this before the exam was started."),
    ),
    S.EXPIRED: StatusMeaning(
        _("The learner did not complete the proctored exam in time."),
        _(
            "The course end date, or the due date of the exam, passed before the learner completed the proctored exam, "
            "or the LMS withdrew the exam. The history of the session names the cause."
        ),
    ),
    S.ERROR: StatusMeaning(
        _("An error has occurred with the exam."),
        _("The LMS reported it. The history of the session names the cause."),
    ),
}

REVIEW_MEANINGS: Mapping[ReviewStatus, ReviewMeaning] = {
    R.CLEAN: ReviewMeaning(
        pgettext_lazy("exam result", "Pass"),
        _("No rules violations or suspicious incidents occurred. The learner has passed the proctoring review."),
        (S.VERIFIED,),
    ),
    R.NOT_REVIEWED: ReviewMeaning(
        pgettext_lazy("exam result", "n/a"),
        _("The proctoring review is not yet complete."),
        (),
    ),
    R.RULES_VIOLATION: ReviewMeaning(
        pgettext_lazy("exam result", "Pass"),
        _(
            "An incident occurred that violates proctored exam rules, but the incident does not compromise exam "
            "integrity. For example, music may be playing. The learner has passed the proctoring review."
        ),
        (S.VERIFIED,),
    ),
    R.SUSPICIOUS: ReviewMeaning(
        pgettext_lazy("exam result", "Fail"),
        _(
            "An incident has occurred that directly compromises exam integrity. For example, cheating might have "
            "occurred. The learner has failed the proctoring review."
        ),
        (S.SECOND_REVIEW_REQUIRED, S.REJECTED),
    ),
}


def learner_reads(status: str) -> str:
    """Return what the learner reads on the exam page; empty for a status of which the learner reads nothing."""
    if result := RESULT_WORDS.get(status):
        return str(result.label)
    return str(NoResultWord(status).label) if status in NoResultWord.values else ""
