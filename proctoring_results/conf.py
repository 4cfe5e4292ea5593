"""``settings.PROCTORING_RESULTS``: names, types and defaults. ``checks.py`` says what is wrong with a host's values."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any, Literal

from django.conf import settings

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conf:
    """Each field is a setting. Read ``conf()`` where you use it, so that ``override_settings`` just works."""

    # The host LMS: dotted path of a class that fills in ``proctoring_results.lms.Lms``.
    LMS: str = "proctoring_results.lms.NullLMS"
    # The address of the site, as in ``https://lms.example``: for links in mails, and for providers to call back.
    SITE_URL: str = ""
    # Each proctoring service by its name: what follows from its reviews, and how it is called.
    PROVIDERS: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    # Keys (``Fernet.generate_key()``) for providers' messages and links to recordings: the first encrypts, all decrypt.
    # Without any they are derived from ``SECRET_KEY`` and ``SECRET_KEY_FALLBACKS``.
    ENCRYPTION_KEYS: tuple[str, ...] = ()
    # The key of the ids by which providers know learners, so that nobody learns ours. Without it: ``SECRET_KEY``.
    USER_ID_KEY: str = ""
    # The longest body that a provider may send, in bytes.
    MAX_MESSAGE_BYTES: int = 1024 * 1024
    # What a hand-in after the limit becomes: "timed_out", or "submitted" (handed in for the learner).
    LATE_HAND_IN: Literal["timed_out", "submitted"] = "timed_out"
    # Alias in ``STORAGES`` where report files are kept. Must not be public.
    REPORT_STORAGE: str = "proctoring_results"
    # How long a finished report stays before its file is removed.
    REPORT_LIFETIME: timedelta = timedelta(days=90)
    # Two more columns, ``provider`` and ``track``, after ``course_id``.
    REPORT_PROVIDER_COLUMNS: bool = False
    # A worker that shows no sign of life for so long has lost its report to another.
    LEASE: timedelta = timedelta(seconds=60)
    # Pauses before the second, third … try of a report; one more try than pauses.
    RETRY_PAUSES: tuple[timedelta, ...] = (timedelta(seconds=10), timedelta(seconds=60))
    # How long an effect on the LMS (grade, credit, certificate, mail) is tried again before it is parked.
    EFFECT_PATIENCE: timedelta = timedelta(days=1)
    # How long a download link lives.
    DOWNLOAD_TTL: timedelta = timedelta(minutes=5)
    # Who sends the file: Django itself, nginx (X-Accel-Redirect) or Apache and others (X-Sendfile).
    DOWNLOAD_VIA: Literal["django", "x-accel-redirect", "x-sendfile"] = "django"
    # The internal location of nginx that serves the report storage.
    X_ACCEL_PREFIX: str = "/protected-reports/"
    # How long a URL signed by the storage (S3) lives: at most 60 seconds.
    REDIRECT_TTL: timedelta = timedelta(seconds=60)
    # Sent with our pages. A host's middleware that sets the header has the last word.
    CONTENT_SECURITY_POLICY: str = CONTENT_SECURITY_POLICY
    # Rows a page of each list.
    PAGE_SIZE: int = 25


def conf() -> Conf:
    return Conf(**getattr(settings, "PROCTORING_RESULTS", {}))


SETTING_NAMES = frozenset(f.name for f in fields(Conf))
