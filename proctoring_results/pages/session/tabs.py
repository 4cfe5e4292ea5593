"""The tabs of a session: incidents and evidence of the selected review, by where they were seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from proctoring_results import crypto
from proctoring_results.choices import SessionPart
from proctoring_results.exceptions import CannotDecrypt
from proctoring_results.links import EVIDENCE_LINK
from proctoring_results.providers.policy import host_of, may_be_opened
from proctoring_results.rules import part_of_evidence, part_of_incident, tone_of

from .recording import Mark, mark_of, span

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import Evidence, ExamAttempt, ExamReview, Incident


@dataclass(frozen=True, slots=True)
class EvidenceLink:
    """With a token, or with the reason why the evidence cannot be opened."""

    pk: int
    name: str
    token: str
    why_not: str


def form_name(position: int) -> str:
    """Name the form of an incident by its position: in a newer version of the review the incident is another row."""
    return f"incident-{position + 1}"


@dataclass(frozen=True, slots=True)
class IncidentRow:
    pk: int
    number: int
    name: str
    status: str
    tone: str
    kind: str
    comment: str
    when: str
    evidence: list[EvidenceLink]
    mark: Mark | None
    dismissed_by: str
    dismissed_at: datetime | None
    dismissal_reason: str

    @property
    def is_dismissed(self) -> bool:
        return self.dismissed_at is not None

    @property
    def form_name(self) -> str:
        return form_name(self.number - 1)

    @property
    def reason_id(self) -> str:
        return f"pr-reason-{self.pk}"


@dataclass(frozen=True, slots=True)
class Tab:
    slug: str
    heading: str
    empty: str
    incidents: list[IncidentRow]
    # Of the whole session.
    evidence: list[EvidenceLink]

    @property
    def count(self) -> str:
        return str(len(self.incidents) + len(self.evidence))


def tabs_of(
    attempt: ExamAttempt,
    review: ExamReview | None,
    incidents: Sequence[Incident],
    *,
    length: float,
    user: AbstractBaseUser,
    names: Mapping[int, str],
) -> list[Tab]:
    """``length`` is that of the recording, in seconds; ``names`` are those of people by their keys."""
    empty = {
        SessionPart.VIDEO: _("Nothing was marked on the recording, and there is no recording."),
        SessionPart.ONLINE: _("Nothing was marked on the screen."),
        SessionPart.VERIFICATION: _("Nothing was marked on identification or room, and there are no scans."),
        SessionPart.ONBOARDING: _("Nothing was marked during the learner’s onboarding."),
    }
    tabs = {part: Tab(part.value, str(part.label), empty[part], [], []) for part in SessionPart}
    by_incident: dict[int, list[EvidenceLink]] = {}
    for evidence in review.evidence.order_by("position") if review else ():
        link = _evidence_link(attempt, evidence, user)
        if evidence.incident_id is None:
            tabs[part_of_evidence(evidence.kind)].evidence.append(link)
        else:
            by_incident.setdefault(evidence.incident_id, []).append(link)
    for incident in incidents:
        row = _incident_row(incident, by_incident.get(incident.pk, []), length, names)
        tabs[part_of_incident(incident.kind)].incidents.append(row)
    return list(tabs.values())


def _incident_row(
    incident: Incident, evidence: list[EvidenceLink], length: float, names: Mapping[int, str]
) -> IncidentRow:
    when, number = span(incident.start, incident.stop), incident.position + 1
    params = {"number": number, "status": incident.status, "when": when}
    name = _("Incident %(number)d, %(status)s, %(when)s") if when else _("Incident %(number)d, %(status)s")
    return IncidentRow(
        pk=incident.pk,
        number=number,
        name=name % params,
        status=incident.status,
        tone="off" if incident.is_dismissed else tone_of(incident.status),
        kind=incident.kind,
        comment=incident.comment,
        when=when,
        evidence=evidence,
        mark=mark_of(incident, length),
        dismissed_by=names.get(incident.dismissed_by_id or 0, ""),
        dismissed_at=incident.dismissed_at,
        dismissal_reason=incident.dismissal_reason,
    )


def _evidence_link(attempt: ExamAttempt, evidence: Evidence, user: AbstractBaseUser) -> EvidenceLink:
    """The address is read only to see whether it may be opened; it is not on the page."""
    name = f"{evidence.get_kind_display()} {span(evidence.start, evidence.stop)}".strip()
    name = name[:1].upper() + name[1:]
    try:
        url = crypto.decrypt(evidence.url)
    except CannotDecrypt:
        return EvidenceLink(evidence.pk, name, "", _("cannot be opened: the key that encrypted it is gone"))
    if not may_be_opened(attempt.provider, url):
        host, why_not = host_of(url), _("cannot be opened: host not allowed")
        return EvidenceLink(evidence.pk, name, "", f"{why_not} ({host})" if host else why_not)
    return EvidenceLink(evidence.pk, name, EVIDENCE_LINK.make_token(evidence, user, now=timezone.now()), "")
