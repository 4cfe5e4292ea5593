"""What follows from a provider's review: data, by provider, overridable by the setting ``PROVIDERS``."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from proctoring_results.conf import conf
from proctoring_results.statuses import AttemptStatus, ReviewStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a provider's words are taken."""

    # Where a Suspicious review leads.
    on_suspicious: Literal["second_review", "reject"] = "second_review"
    # Who does the second review; the pages say so.
    second_review_by: Literal["course_team", "provider"] = "course_team"
    # Whether a newer review may take the place of an older complete one.
    newer_replaces_older: bool = True

    def status_after(self, review_status: ReviewStatus, *, decided_by_a_person: bool) -> AttemptStatus | None:
        """Where a review leads; None where nothing moves."""
        if review_status is ReviewStatus.NOT_REVIEWED:
            return None
        if review_status is not ReviewStatus.SUSPICIOUS:
            return AttemptStatus.VERIFIED
        if decided_by_a_person or self.on_suspicious == "reject":
            return AttemptStatus.REJECTED
        return AttemptStatus.SECOND_REVIEW_REQUIRED


BUILT_IN: Mapping[str, Policy] = {
    "proctortrack": Policy(),
    # Its documents say "rejected", and its own team does the second review.
    "rpnow": Policy(on_suspicious="reject", second_review_by="provider"),
}


def policy_of(provider: str) -> Policy:
    """The provider's policy; a provider that nobody described gets the defaults."""
    return replace(BUILT_IN.get(provider, Policy()), **conf().PROVIDERS.get(provider, {}))
