"""What follows from a provider's review: data, by provider, overridable by the setting ``PROVIDERS``."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal
from urllib.parse import urlsplit

from django.utils.http import is_same_domain
from django.utils.module_loading import import_string

from proctoring_results.choices import AttemptStatus, ReviewStatus
from proctoring_results.conf import conf


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a provider's words are taken."""

    # Where a Suspicious review leads.
    on_suspicious: Literal["second_review", "reject"] = "second_review"
    # Who does the second review; the pages say so.
    second_review_by: Literal["course_team", "provider"] = "course_team"
    # Whether a newer review may take the place of an older complete one.
    newer_replaces_older: bool = True

    @property
    def provider_does_second_reviews(self) -> bool:
        return self.second_review_by == "provider"

    def status_after(self, review_status: ReviewStatus, *, decided_by_a_person: bool) -> AttemptStatus | None:
        """Where a review leads; None where nothing moves."""
        if review_status is ReviewStatus.NOT_REVIEWED:
            return None
        if review_status is not ReviewStatus.SUSPICIOUS:
            return AttemptStatus.VERIFIED
        if decided_by_a_person or self.on_suspicious == "reject":
            return AttemptStatus.REJECTED
        return AttemptStatus.SECOND_REVIEW_REQUIRED


# What the settings may say of any provider besides its policy: each a list of texts.
HOSTS_KEY = "evidence_hosts"
POLICY_KEYS = frozenset(field.name for field in fields(Policy))

DEFAULT_CLASS = "proctoring_results.providers.rest.RestProvider"
BUILT_IN: Mapping[str, str] = {
    "proctortrack": DEFAULT_CLASS,
    "rpnow": "proctoring_results.providers.rpnow.RPNowProvider",
}


def class_path(provider: str) -> str:
    """The dotted path of the provider's class; one that nobody described speaks the REST protocol."""
    named: str = options_of(provider).get("class", BUILT_IN.get(provider, DEFAULT_CLASS))
    return named


def options_of(provider: str) -> Mapping[str, Any]:
    """What the settings say of the provider."""
    return conf().PROVIDERS.get(provider, {})


def policy_of(provider: str) -> Policy:
    """The policy of the provider's class, with what the settings say otherwise."""
    own: Policy = import_string(class_path(provider)).policy
    return replace(own, **{key: value for key, value in options_of(provider).items() if key in POLICY_KEYS})


# What browsers and we read alike.
PLAIN_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def host_of(url: str) -> str:
    """The host that a browser would open, in lower case; empty where that is not plain."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return ""
    is_plain = parts.scheme in ("http", "https") and "@" not in parts.netloc and "\\" not in url
    return host if is_plain and PLAIN_HOST.fullmatch(host) else ""


def may_be_opened(provider: str, url: str) -> bool:
    """Whether the settings of the provider name the host: exactly, or by ``.suffix`` with all that ends so."""
    host = host_of(url)
    return bool(host) and any(is_same_domain(host, allowed) for allowed in options_of(provider).get(HOSTS_KEY, ()))
