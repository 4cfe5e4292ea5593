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
    """What follows from a provider's reviews."""

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
        """Return the status that a review leads to, or None if the attempt stays where it is."""
        if review_status is ReviewStatus.NOT_REVIEWED:
            return None
        if review_status is not ReviewStatus.SUSPICIOUS:
            return AttemptStatus.VERIFIED
        if decided_by_a_person or self.on_suspicious == "reject":
            return AttemptStatus.REJECTED
        return AttemptStatus.SECOND_REVIEW_REQUIRED


# What the settings may say of any provider, apart from its policy: a list of texts.
HOSTS_KEY = "evidence_hosts"
POLICY_KEYS = frozenset(field.name for field in fields(Policy))

DEFAULT_CLASS = "proctoring_results.providers.rest.RestProvider"
BUILT_IN: Mapping[str, str] = {
    "proctortrack": DEFAULT_CLASS,
    "rpnow": "proctoring_results.providers.rpnow.RPNowProvider",
}


def class_path(provider: str, options: Mapping[str, Any]) -> str:
    """Return the dotted path of the provider's class. A provider without settings speaks the REST protocol."""
    path: str = options.get("class", BUILT_IN.get(provider, DEFAULT_CLASS))
    return path


def options_of(provider: str) -> Mapping[str, Any]:
    """Return what the settings say of the provider."""
    return conf().PROVIDERS.get(provider, {})


def policy_of(provider: str) -> Policy:
    """Return the policy of the provider's class, with the changes that the settings make."""
    options = options_of(provider)
    own: Policy = import_string(class_path(provider, options)).policy
    return replace(own, **{key: value for key, value in options.items() if key in POLICY_KEYS})


# A host name that browsers and we read alike.
PLAIN_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")


def host_of(url: str) -> str:
    """Return the host that a browser would open, in lower case; the empty text if that is not plain."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        _ = parts.port
    except ValueError:
        return ""
    is_plain = parts.scheme in ("http", "https") and "@" not in parts.netloc and "\\" not in url
    return host if is_plain and PLAIN_HOST.fullmatch(host) else ""


def may_be_opened(provider: str, url: str) -> bool:
    """Return whether the provider's settings list the host: by its name, or by a ``.suffix`` of it."""
    host = host_of(url)
    return bool(host) and any(is_same_domain(host, allowed) for allowed in options_of(provider).get(HOSTS_KEY, ()))
