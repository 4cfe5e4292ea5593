"""What a proctoring service is to us. A host's own service is a child of ``Provider``, or of ``RestProvider``."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.crypto import salted_hmac

from proctoring_results.choices import EvidenceKind, ReviewStatus
from proctoring_results.conf import conf
from proctoring_results.exceptions import InvalidInput

from .policy import Policy, options_of

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.choices import AttemptStatus
    from proctoring_results.models import ExamAttempt, ProctoredExam

__all__ = [
    "MAX_COMMENT_LENGTH",
    "MAX_EVIDENCE",
    "MAX_INCIDENTS",
    "MAX_URL_LENGTH",
    "EvidenceData",
    "IncidentData",
    "Instructions",
    "Policy",
    "Provider",
    "ReviewData",
    "evidence",
    "json_object",
    "objects",
    "optional_seconds",
    "optional_text",
    "refuse_too_much_evidence",
    "text",
    "web_address",
]

MAX_INCIDENTS = 1_000
MAX_EVIDENCE = 1_000  # a review, that of its incidents included
MAX_COMMENT_LENGTH = 32 * 1024  # characters
MAX_URL_LENGTH = 4096  # characters
MAX_STEPS, MAX_STEP_LENGTH = 50, 2_000  # of the instructions for a learner; characters


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceData:
    """Where a recording or a picture can be seen. ``start`` and ``stop`` are seconds from the start of the recording.

    ``kind`` is ``video``, ``screenshot``, ``id``, ``room`` or ``onboarding``.
    """

    kind: EvidenceKind | str
    url: str
    start: float | None = None
    stop: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IncidentData:
    """One thing a reviewer marked. ``start`` and ``stop`` are seconds from the start of the recording.

    ``status`` is ``Suspicious``, ``Rules Violation``, or the provider's own word, which is kept and counted nowhere.
    """

    status: str
    comment: str
    kind: str = ""
    start: float | None = None
    stop: float | None = None
    evidence: tuple[EvidenceData, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewData:
    """A review in our words.

    ``reviewed_by`` is the address of the person who the provider says has reviewed it: a claim. ``raw_data`` is what
    is kept of the message as it came; the addresses of the evidence are kept encrypted, and are taken out of it.
    """

    review_status: ReviewStatus
    incidents: tuple[IncidentData, ...] = ()
    evidence: tuple[EvidenceData, ...] = ()
    reviewed_by: str = ""
    raw_data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Instructions:
    """What a learner has to do before the exam: sentences, and where the software is, if anywhere."""

    steps: tuple[str, ...] = ()
    download_url: str = ""

    @classmethod
    def read(cls, steps: object, download_url: object) -> Self:
        """What a service says, as far as a page can show it: text, and an address of the web."""
        texts = [step for step in steps if isinstance(step, str)] if isinstance(steps, list) else []
        link = _shown(download_url).strip() if isinstance(download_url, str) else ""
        is_web = link.lower().startswith(("https://", "http://")) and _has_host(link) and len(link) <= MAX_URL_LENGTH
        return cls(tuple(_shown(step)[:MAX_STEP_LENGTH] for step in texts[:MAX_STEPS]), link if is_web else "")


def _shown(text: str) -> str:
    return text.encode(errors="replace").decode().replace("\0", "")


def _has_host(link: str) -> bool:
    try:
        return bool(urlsplit(link).hostname)
    except ValueError:
        return False


class Provider:
    """A proctoring service under one name. Made anew for each message and call; holds no state.

    A child says at least how a message is read: ``read_review``. The JSON it gets is an object that any database can
    keep, at most 20 levels deep and ``MAX_MESSAGE_BYTES`` bytes long. Its messages arrive at the addresses of the REST
    protocol; at RPNow's those of ``RPNowProvider`` and its children.

    A service that wants to be told of exams and attempts says so, ``takes_calls``, and how: ``save_exam`` and the
    methods after it. They are called after the commit, by a worker, for one attempt in the order in which things
    happened. What they raise means "not now", and the call is made again with growing pauses; ``CallRefused`` (of
    ``proctoring_results.exceptions``) means "never". A call may be made twice: a worker may die after it.
    """

    # What follows from its reviews; the settings may say otherwise.
    policy: ClassVar[Policy] = Policy()
    # What the status of a review is called; case matters.
    review_words: ClassVar[Mapping[str, ReviewStatus]] = {}
    # What the status of an incident is called, in lower case; case does not matter. Other words are kept as they come.
    incident_words: ClassVar[Mapping[str, ReviewStatus]] = {
        "suspicious": ReviewStatus.SUSPICIOUS,
        "violation": ReviewStatus.RULES_VIOLATION,
        "rules violation": ReviewStatus.RULES_VIOLATION,
    }
    # Keys of its own in ``PROVIDERS``, and what stands under each: ``str``, ``dict``, or ``list`` for a list of texts.
    own_settings: ClassVar[Mapping[str, type]] = {}

    def __init__(self, name: str) -> None:
        self.name = name

    def read_review(self, body: Mapping[str, Any]) -> ReviewData:
        """The message in our words. Raises ``InvalidInput``, naming the field as the provider calls it."""
        raise NotImplementedError

    def own(self, key: str) -> Any:
        """What the settings say under a key of its own; an empty text, dictionary or list unless they do."""
        return options_of(self.name).get(key, self.own_settings[key]())

    def problems(self) -> Iterable[str]:
        """What is wrong with its settings, in sentences without secrets: for ``manage.py check``."""
        return ()

    def obscured_id(self, user: AbstractBaseUser) -> str:
        """By what this service knows a learner: always the same, and of no use elsewhere."""
        key = conf().USER_ID_KEY or settings.SECRET_KEY
        salt = "proctoring_results.providers.user_id"
        return salted_hmac(salt, f"{self.name}:{user.pk}", secret=key, algorithm="sha256").hexdigest()

    # --- Calls to the service

    @property
    def takes_calls(self) -> bool:
        """Whether it wants to be called. While it is False, nothing below is, and nothing is written down for it."""
        return False

    def save_exam(self, exam: ProctoredExam, external_id: str | None) -> str:
        """Register the exam, or change the one that it knows by this id; returns its id of the exam."""
        raise NotImplementedError

    def create_attempt(self, attempt: ExamAttempt, exam_external_id: str) -> str:
        """Register the attempt at an exam that it knows; returns its id of the attempt."""
        raise NotImplementedError

    def tell_status(self, attempt: ExamAttempt, exam_external_id: str, status: AttemptStatus) -> None:
        """``attempt.external_id`` was started, or is over in one of the ways there are, or in error."""
        raise NotImplementedError

    def remove_attempt(self, attempt: ExamAttempt, exam_external_id: str) -> None:
        """``attempt.external_id`` was put aside before it was started."""
        raise NotImplementedError

    def erase_learner(self, user: AbstractBaseUser) -> None:
        """Everything about the person goes; also where nothing is known of them."""
        raise NotImplementedError

    def instructions(self, attempt: ExamAttempt, exam_external_id: str | None, language: str) -> Instructions:
        """What the learner reads before the exam, in a language by its code. A page waits for it: be quick.

        General ones where the service does not know the attempt or its exam yet (their ids are None).
        """
        raise NotImplementedError

    # --- Its own dashboard

    @property
    def has_dashboard(self) -> bool:
        """Whether the course team can open a dashboard of the service, inside a page of the LMS."""
        return False

    @property
    def dashboard_origin(self) -> str:
        """Where it lies, as ``https://service.example``: the page lets a frame from there in, and from nowhere else."""
        raise NotImplementedError

    def dashboard_url(
        self, user: AbstractBaseUser, course_id: str, exam_external_id: str | None, attempt_external_id: str | None
    ) -> str:
        """The address that opens it for this person: of a course, one exam, or one session. It lives a minute at most.

        Made at the click, and handed to the person's browser only.
        """
        raise NotImplementedError

    # --- Words

    def review_status(self, field: str, word: object) -> ReviewStatus:
        """Raises ``InvalidInput`` unless it is one of ``review_words``."""
        if not isinstance(word, str) or word not in self.review_words:
            raise InvalidInput(field, f"must be one of {', '.join(self.review_words)}.")
        return self.review_words[word]

    def incident_status(self, field: str, word: object) -> str:
        """The word in ours where it is one of ``incident_words``, else as it came."""
        kept = text(field, word, most=255)
        known = self.incident_words.get(kept.strip().casefold())
        return known.value if known else kept


def text(field: str, value: object, *, most: int, least: int = 0) -> str:
    """The text, unchanged. Raises ``InvalidInput`` for what is no text, too short or too long (in characters)."""
    if not isinstance(value, str):
        raise InvalidInput(field, "must be text.")
    if len(value) < least:
        raise InvalidInput(field, "must not be empty.")
    if len(value) > most:
        raise InvalidInput(field, f"must have at most {most} characters.")
    return value


def optional_text(field: str, value: object, *, most: int) -> str:
    """``text``; nothing and null are the empty text."""
    return "" if value is None else text(field, value, most=most)


def optional_seconds(field: str, value: object) -> float | None:
    """A number of seconds, or None. Raises ``InvalidInput``."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise InvalidInput(field, "must be a number of seconds.")
    return value


def web_address(field: str, value: object) -> str:
    """A full address of the web. Raises ``InvalidInput`` for anything that browsers may read differently than we do."""
    address = text(field, value, least=1, most=MAX_URL_LENGTH)
    try:
        parts = urlsplit(address)
        is_fine = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc
        _ = parts.port
    except ValueError:
        is_fine = False
    if not is_fine or "\\" in address or any(letter.isspace() or not letter.isprintable() for letter in address):
        raise InvalidInput(field, "must be an address that begins with https:// or http://.")
    return address


def evidence(field: str, value: object) -> tuple[EvidenceData, ...]:
    """A list of ``{"kind", "url", "start", "stop"}``; nothing and null are the empty one. Raises ``InvalidInput``."""
    return tuple(_evidence(f"{field}[{number}]", item) for number, item in enumerate(objects(field, value)))


def refuse_too_much_evidence(
    field: str, of_review: Collection[EvidenceData], incidents: Iterable[IncidentData]
) -> None:
    """Raise ``InvalidInput`` where there is more of it, with that of the incidents, than we keep."""
    if len(of_review) + sum(len(incident.evidence) for incident in incidents) > MAX_EVIDENCE:
        raise InvalidInput(field, f"must, with that of the incidents, have at most {MAX_EVIDENCE} entries.")


def _evidence(place: str, item: Mapping[str, Any]) -> EvidenceData:
    kind = item.get("kind")
    if not isinstance(kind, str) or kind not in EvidenceKind.values:
        raise InvalidInput(f"{place}.kind", f"must be one of {', '.join(EvidenceKind.values)}.")
    return EvidenceData(
        kind=EvidenceKind(kind),
        url=web_address(f"{place}.url", item.get("url")),
        start=optional_seconds(f"{place}.start", item.get("start")),
        stop=optional_seconds(f"{place}.stop", item.get("stop")),
    )


def objects(field: str, value: object) -> list[Mapping[str, Any]]:
    """A list of JSON objects; nothing and null are the empty one. Raises ``InvalidInput``."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise InvalidInput(field, "must be a list.")
    if len(value) > MAX_INCIDENTS:
        raise InvalidInput(field, f"must have at most {MAX_INCIDENTS} entries.")
    for number, item in enumerate(value):
        if not isinstance(item, Mapping):
            raise InvalidInput(f"{field}[{number}]", "must be an object.")
    return value


def json_object(field: str, value: object) -> Mapping[str, Any]:
    """Raises ``InvalidInput`` for what is no JSON object."""
    if not isinstance(value, Mapping):
        raise InvalidInput(field, "must be an object.")
    return value
