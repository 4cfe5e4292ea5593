"""What a proctoring service is to us. A host's own service is a child of ``Provider``, or of ``RestProvider``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from django.conf import settings
from django.urls import reverse
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from proctoring_results.choices import ReviewStatus
from proctoring_results.conf import conf
from proctoring_results.validation import clean_text, not_one_of

from .data import Delivery, Envelope, EvidenceData, IncidentData, Instructions, ReviewData, ScoreData
from .fields import evidence, json_object, objects, score, seconds_of_recording, wall_clock
from .policy import POLICY_KEYS, Policy

if TYPE_CHECKING:
    from datetime import datetime

    from django.contrib.auth.base_user import AbstractBaseUser
    from django.utils.functional import Promise

    from proctoring_results.choices import AttemptStatus
    from proctoring_results.models import ExamAttempt, ProctoredExam

# What a host's own class needs is imported from here.
__all__ = [
    "Delivery",
    "Envelope",
    "EvidenceData",
    "IncidentData",
    "Instructions",
    "Policy",
    "Provider",
    "ReviewData",
    "ScoreData",
    "clean_text",
    "evidence",
    "json_object",
    "objects",
    "score",
    "seconds_of_recording",
    "wall_clock",
]


class Provider:
    """A proctoring service under one name. Made anew for each message and call; holds no state.

    A child has at least ``read_review``. The JSON that it gets is an object that any database can store, at most 20
    levels deep and ``MAX_MESSAGE_BYTES`` bytes long.

    Messages arrive at the addresses of the REST protocol, from an account with the permission ``submit_review`` for
    the provider's name; or, if the class has ``is_sender`` and ``read_envelope``, at
    ``/api/proctoring/v1/providers/{name}/messages``, from whoever proves to be the service.

    A service that wants to be told of exams and attempts says so, ``takes_calls``, and how: ``save_exam`` and the
    methods after it. They are called after the commit, by a worker, for one attempt in the order in which things
    happened. What they raise means "not now", and the call is made again with growing pauses; ``CallRefused`` (of
    ``proctoring_results.exceptions``) means "never". A call may be made twice: a worker may die after it.
    """

    # What follows from its reviews. The settings change it for the provider of a name.
    policy: Policy = Policy()
    # The provider's labels for the status of a review; case matters.
    review_statuses: ClassVar[Mapping[str, ReviewStatus]] = {}
    # Its labels for the status of an incident, in lower case; case does not matter. Other labels are stored unchanged.
    incident_statuses: ClassVar[Mapping[str, ReviewStatus]] = {
        "suspicious": ReviewStatus.SUSPICIOUS,
        "violation": ReviewStatus.RULES_VIOLATION,
        "rules violation": ReviewStatus.RULES_VIOLATION,
    }
    # Keys of its own in ``PROVIDERS``, and the type of each: ``str``, ``dict``, or ``list`` for a list of texts.
    own_settings: ClassVar[Mapping[str, type]] = {}

    def __init__(self, name: str) -> None:
        self.name = name
        options = self._options()
        self.policy = replace(self.policy, **{key: options[key] for key in POLICY_KEYS & options.keys()})

    def _options(self) -> Mapping[str, Any]:
        # Read when they are needed: there are secrets in them, and what is stored here may stand in a traceback.
        return conf().PROVIDERS.get(self.name, {})

    def own(self, key: str) -> Any:
        """Return the value of one of ``own_settings``; an empty text, dictionary or list if the host set none."""
        return self._options().get(key, self.own_settings[key]())

    def problems(self) -> Iterable[str]:
        """Return what is wrong with its settings, in sentences without secrets: for ``manage.py check``."""
        return ()

    def obscured_id(self, user: AbstractBaseUser) -> str:
        """Return the id by which this service knows a learner: always the same, and of no use elsewhere."""
        key = conf().USER_ID_KEY or settings.SECRET_KEY
        salt = "proctoring_results.providers.user_id"
        return salted_hmac(salt, f"{self.name}:{user.pk}", secret=key, algorithm="sha256").hexdigest()

    # --- Its messages

    # The channels that its messages are stored under, and their labels on pages.
    review_channel: ClassVar[str] = "review"
    ready_channel: ClassVar[str] = "ready"
    channel_labels: ClassVar[Mapping[str, str | Promise]] = {"review": _("review"), "ready": _("ready")}
    # Whether an account may bring its messages to the addresses of the REST protocol.
    accepts_accounts: ClassVar[bool] = True
    # Whether its secured browser, which has no session, may open the launch address with an attempt's code.
    has_launch: ClassVar[bool] = False

    def is_sender(self, delivery: Delivery) -> bool:
        """Return whether the service itself sent this, by a secret that only it has. Compare in constant time."""
        return False

    def signed_digest(self, delivery: Delivery) -> str:
        """Return the SHA-256 of the bytes that were signed, the time of signing included; empty if none were.

        What was signed once and arrives again is a repeat: whoever has recorded it can send it, too.
        """
        return ""

    def read_envelope(self, body: Mapping[str, Any], delivery: Delivery) -> Envelope | None:
        """Return which attempt a message is about, or None for one that is not for us. Raise ``InvalidInput``."""
        raise NotImplementedError

    def read_review(self, body: Mapping[str, Any], attempt: ExamAttempt, received_at: datetime) -> ReviewData:
        """Return the review in our words. Raise ``InvalidInput``, which names the field as the provider calls it.

        Refuse only what makes the review unreadable. Odd details are stored as well as can be (``providers.mending``),
        so a comment, a label or a time may be handed on as it came.
        """
        raise NotImplementedError

    def is_ready(self, body: Mapping[str, Any]) -> bool:
        """Return whether a message of the kind *ready* means that the learner can start. Raise ``InvalidInput``."""
        return True

    def channel_label(self, channel: str) -> str:
        return str(self.channel_labels.get(channel, channel))

    def addresses(self) -> list[str]:
        """Return the paths that the service calls, each with an example's id. Raise ``NoReverseMatch``."""
        return [reverse(f"proctoring_webhooks:{name}", args=["id"]) for name in ("review_callback", "ready_callback")]

    # --- Calls to the service

    @property
    def rules(self) -> Mapping[str, Any]:
        """The rules that the service is sent with every exam, as JSON data; empty if it is sent none."""
        return {}

    @property
    def takes_calls(self) -> bool:
        """Whether it wants to be called. While it is False, nothing below is, and no call is queued."""
        return False

    def save_exam(self, exam: ProctoredExam, external_id: str | None) -> str:
        """Register the exam, or change the one that it knows by this id. Return its id of the exam."""
        raise NotImplementedError

    def create_attempt(self, attempt: ExamAttempt, exam_external_id: str) -> str:
        """Register the attempt at an exam that it knows. Return its id of the attempt."""
        raise NotImplementedError

    def tell_status(self, attempt: ExamAttempt, exam_external_id: str, status: AttemptStatus) -> None:
        """Tell that ``attempt.external_id`` was started, is over in one of the ways there are, or is in error."""
        raise NotImplementedError

    def remove_attempt(self, attempt: ExamAttempt, exam_external_id: str) -> None:
        """Tell that ``attempt.external_id`` was archived before it was started."""
        raise NotImplementedError

    def erase_learner(self, user: AbstractBaseUser) -> None:
        """Erase everything about the person. It is no error if the service knows nothing of them."""
        raise NotImplementedError

    def instructions(self, attempt: ExamAttempt, exam_external_id: str | None, language: str) -> Instructions:
        """Return what the learner reads before the exam, in a language by its code. A page waits for it: be quick.

        Return general ones while the service does not know the attempt or its exam (their ids are None).
        """
        raise NotImplementedError

    # --- Its own dashboard

    @property
    def has_dashboard(self) -> bool:
        """Whether the course team can open a dashboard of the service, inside a page of the LMS."""
        return False

    @property
    def dashboard_origin(self) -> str:
        """Its scheme and host, as ``https://service.example``: the page lets in a frame from there and nowhere else."""
        raise NotImplementedError

    def dashboard_url(
        self, user: AbstractBaseUser, course_id: str, exam_external_id: str | None, attempt_external_id: str | None
    ) -> str:
        """Return the address that opens it for this person: of a course, one exam, or one session.

        It lives a minute at most, is made at the click, and is handed to the person's browser only.
        """
        raise NotImplementedError

    # --- Labels

    def review_status(self, field: str, label: object) -> ReviewStatus:
        """Return the status that one of ``review_statuses`` means. Raise ``InvalidInput`` for any other."""
        if not isinstance(label, str) or label not in self.review_statuses:
            raise not_one_of(field, self.review_statuses)
        return self.review_statuses[label]

    def incident_status(self, label: Any) -> str:
        """Return the status that one of ``incident_statuses`` means, and anything else unchanged."""
        status = self.incident_statuses.get(label.strip().casefold()) if isinstance(label, str) else None
        own_label: str = label
        return status.value if status else own_label
