"""``settings.PROCTORING_RESULTS``: names, types and defaults. ``checks.py`` reports what is wrong with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any, Literal

from django.conf import settings
from django.utils.translation import gettext_lazy as _

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)


REASON_CATEGORIES: Mapping[str, Any] = {
    "no_photo_id": _("No photo ID"),
    "second_computer": _("Second computer"),
    "reading_to_another_person": _("Reading to another person"),
    "explicit_material": _("Explicit material"),
    "other": _("Other"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Conf:
    """Each field is a setting. Read ``conf()`` where you use it, so that ``override_settings`` just works."""

    # The host LMS: dotted path of a class that fills in ``proctoring_results.lms.Lms``.
    LMS: str = "proctoring_results.lms.NullLMS"
    # The address of the site, such as ``https://lms.example``: for links in mails and for callbacks of providers.
    SITE_URL: str = ""
    # Each proctoring service by name: what follows from its reviews, and how it is called.
    PROVIDERS: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # Keys (``Fernet.generate_key()``) for providers' messages and links to recordings: the first encrypts, all decrypt.
    # By default they are derived from ``SECRET_KEY`` and ``SECRET_KEY_FALLBACKS``.
    ENCRYPTION_KEYS: tuple[str, ...] = ()
    # The key that hides user ids from providers, which know learners by an HMAC. By default ``SECRET_KEY``.
    USER_ID_KEY: str = ""
    # The size limit of a provider's message, in bytes.
    MAX_MESSAGE_BYTES: int = 1024 * 1024
    # What a submission after the time limit becomes: "timed_out", or "submitted" (submitted for the learner).
    LATE_HAND_IN: Literal["timed_out", "submitted"] = "timed_out"
    # How long a person can undo their own decision; meanwhile its consequences wait. No time at all switches that off.
    DECISION_UNDO_TIME: timedelta = timedelta(seconds=60)
    # The categories of the reason for a decision: what is stored, and what people read. Empty: nobody is asked for one.
    REASON_CATEGORIES: Mapping[str, Any] = field(default_factory=lambda: REASON_CATEGORIES)
    # How long a review waits for the end of the exam before the attempt requires attention.
    MAX_REVIEW_WAIT: timedelta = timedelta(days=1)
    # For how many days after an Unsatisfactory result a learner may appeal. 0: no appeals here. An appeal promises that
    # a second person decides, so nothing is promised until the site says so.
    APPEAL_DAYS: int = 0
    # In how many days after an appeal the site promises the answer.
    APPEAL_ANSWER_DAYS: int = 14
    # The alias in ``STORAGES`` for report files. It must not be public.
    REPORT_STORAGE: str = "proctoring_results"
    # How long a finished report stays before its file is removed.
    REPORT_LIFETIME: timedelta = timedelta(days=90)
    # Kinds of reports that the host adds: dotted paths of classes that inherit from ``reports.kinds.base.Kind``.
    REPORT_KINDS: tuple[str, ...] = ()
    # How long a worker's claim on a job is valid without renewal; after that another worker may take it.
    LEASE: timedelta = timedelta(seconds=60)
    # Whether tasks are handed to Celery's broker. Off, ``proctoring_upkeep --here`` does all the work.
    ENQUEUE: bool = True
    # How long a step of a report (reading from the database, storing the file) may make no progress. Then the try has
    # failed.
    REPORT_STEP_LIMIT: timedelta = timedelta(minutes=10)
    # The pauses before the second, third … try of a report; there is one more try than there are pauses.
    RETRY_PAUSES: tuple[timedelta, ...] = (timedelta(seconds=10), timedelta(seconds=60))
    # How long an effect on the LMS (grade, credit, certificate, mail) is retried before it is given up.
    EFFECT_PATIENCE: timedelta = timedelta(days=1)
    # The lifetime of a download link.
    DOWNLOAD_TTL: timedelta = timedelta(minutes=5)
    # Who sends the file: Django itself, nginx (X-Accel-Redirect) or Apache and others (X-Sendfile).
    DOWNLOAD_VIA: Literal["django", "x-accel-redirect", "x-sendfile"] = "django"
    # The internal location of nginx that serves the report storage.
    X_ACCEL_PREFIX: str = "/protected-reports/"
    # The lifetime of a URL that the storage (S3) has signed: at most 60 seconds.
    REDIRECT_TTL: timedelta = timedelta(seconds=60)
    # Sent with the app's pages. A host's middleware that sets the header takes precedence.
    CONTENT_SECURITY_POLICY: str = CONTENT_SECURITY_POLICY
    # How long a session that somebody has opened from a list is shown as being looked at.
    CLAIM_LIFETIME: timedelta = timedelta(minutes=15)
    # Rows on one page of a list.
    PAGE_SIZE: int = 25


def conf() -> Conf:
    return Conf(**getattr(settings, "PROCTORING_RESULTS", {}))


SETTING_NAMES = frozenset(f.name for f in fields(Conf))
