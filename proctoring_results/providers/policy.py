"""What follows from a provider's review: data, by provider, overridable by the setting ``PROVIDERS``."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Literal
from urllib.parse import urlsplit

from django.utils.http import is_same_domain

from proctoring_results.choices import AttemptStatus, ReviewStatus
from proctoring_results.conf import conf

STATUSES: Mapping[str, AttemptStatus] = {
    "verify": AttemptStatus.VERIFIED,
    "second_review": AttemptStatus.SECOND_REVIEW_REQUIRED,
    "reject": AttemptStatus.REJECTED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What follows from a provider's reviews."""

    # Where a Suspicious review leads.
    on_suspicious: Literal["second_review", "reject"] = "second_review"
    # Where a Rules Violation leads.
    on_violation: Literal["verify", "second_review", "reject"] = "verify"
    # Who does the second review; the pages say so.
    second_review_by: Literal["course_team", "provider"] = "course_team"
    # Whether a newer review may take the place of an older complete one.
    newer_replaces_older: bool = True
    # Whether a person whom the provider names in ``reviewed_by`` has decided, as far as the provider is concerned.
    accepts_reviewed_by: bool = True

    @property
    def provider_does_second_reviews(self) -> bool:
        return self.second_review_by == "provider"

    def status_after(self, review_status: ReviewStatus, *, decided_by_a_person: bool) -> AttemptStatus | None:
        """Return the status that a review leads to, or None if the attempt stays where it is."""
        if review_status is ReviewStatus.NOT_REVIEWED:
            return None
        if review_status is ReviewStatus.CLEAN:
            return AttemptStatus.VERIFIED
        if decided_by_a_person:
            is_fail = review_status is ReviewStatus.SUSPICIOUS
            return AttemptStatus.REJECTED if is_fail else AttemptStatus.VERIFIED
        return STATUSES[self.on_suspicious if review_status is ReviewStatus.SUSPICIOUS else self.on_violation]


# What the settings may say of any provider, apart from its policy: lists of hosts. On the first, browsers may open
# evidence; those of the second they may show inside a page; from the third, pictures may be fetched for a case file.
HOSTS_KEY, EMBEDDED_HOSTS_KEY, PICTURE_HOSTS_KEY = "evidence_hosts", "embedded_hosts", "picture_hosts"
HOSTS_KEYS = (HOSTS_KEY, EMBEDDED_HOSTS_KEY, PICTURE_HOSTS_KEY)
POLICY_KEYS = frozenset(field.name for field in fields(Policy))

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
    """Return whether the provider's settings let browsers open evidence on this host."""
    return _is_listed(provider, HOSTS_KEY, url)


def may_be_embedded(provider: str, url: str) -> bool:
    """Return whether browsers may show the evidence inside our page, and not only open it beside it."""
    return may_be_opened(provider, url) and _is_listed(provider, EMBEDDED_HOSTS_KEY, url)


def embedded_sources(provider: str) -> list[str]:
    """Return the hosts that the Content-Security-Policy of a page with evidence admits; at any port, as links do."""
    sources: list[str] = []
    for host in _hosts(provider, EMBEDDED_HOSTS_KEY):
        name = host.removeprefix(".")
        sources += [f"{name}:*", f"*.{name}:*"] if host.startswith(".") else [f"{name}:*"]
    return sources


def may_be_fetched(provider: str, url: str) -> bool:
    """Return whether the provider's settings let the app itself fetch pictures from this host."""
    return _is_listed(provider, PICTURE_HOSTS_KEY, url)


def _is_listed(provider: str, key: str, url: str) -> bool:
    """Return whether the host is listed: by its name, or by a ``.suffix`` of it."""
    host = host_of(url)
    return bool(host) and any(is_same_domain(host, allowed) for allowed in _hosts(provider, key))


def _hosts(provider: str, key: str) -> Sequence[str]:
    hosts: Sequence[str] = conf().PROVIDERS.get(provider, {}).get(key, ())
    return hosts
