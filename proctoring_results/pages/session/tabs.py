"""The incidents and evidence of the selected review by where they were seen: one list in four parts, page by page.

Each part is a page of its own, too, and so is the list without what was dismissed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from proctoring_results import crypto
from proctoring_results.choices import SessionPart
from proctoring_results.exceptions import CannotDecrypt
from proctoring_results.links import EVIDENCE_LINK
from proctoring_results.moments import clock, span
from proctoring_results.pages._shared.formats import number
from proctoring_results.pages._shared.navigation import session_url
from proctoring_results.pages._shared.paging import Pager, page_of, pager
from proctoring_results.providers.policy import host_of, may_be_embedded, may_be_opened
from proctoring_results.rules import part_of_evidence, part_of_incident

from .address import Viewed, list_params
from .comments import Comment, folded
from .recording import Mark, MarkedGroup, incident_tone, marks_of, start_of
from .viewer import Viewer, element_for, evidence_url, recording_at

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import Evidence, ExamAttempt, ExamReview, Incident

    from .address import Address


@dataclass(frozen=True, slots=True)
class EvidenceLink:
    """With an address, or with the reason why the evidence cannot be opened."""

    pk: int
    name: str
    # Of the evidence itself; or of this page with it, if it may be shown there.
    url: str
    is_embedded: bool = False
    why_not: str = ""


# The form for the incidents that are ticked.
TICKED = "ticked"


def form_name(position: int) -> str:
    """Name an incident by its position: in a newer version of the review it is another row."""
    return f"incident-{position + 1}"


@dataclass(frozen=True, slots=True)
class IncidentRow:
    pk: int
    number: int
    status: str
    tone: str
    kind: str
    # The provider's own word for how serious it is.
    severity: str
    comment: Comment
    when: str
    # To that second of the recording, if there is one.
    at_second: EvidenceLink | None
    evidence: list[EvidenceLink]
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
        return f"pr-reason-{self.number}"


@dataclass(frozen=True, slots=True)
class MarkLink:
    """A mark or bar of the drawing, and the address of the row that it leads to."""

    marks: list[Mark]
    url: str
    name: str
    comment: str


@dataclass(frozen=True, slots=True)
class Tab:
    """A part of the session. ``url`` is that of its own page, which ``is_current`` if it is shown now."""

    slug: str
    heading: str
    empty: str
    url: str
    is_current: bool
    # How many incidents it has, and how many of them are counted.
    incidents_text: str
    evidence_text: str
    # Whether this page, or another one of the same list, has incidents of it.
    has_incidents: bool
    # On this page.
    incidents: list[IncidentRow]
    # Of the whole session.
    evidence: list[EvidenceLink]
    marks: list[MarkLink]


@dataclass(frozen=True, slots=True)
class IncidentList:
    tabs: list[Tab]
    # The evidence that is shown in the page.
    viewer: Viewer | None
    # The list of all parts.
    all_url: str
    all_text: str
    is_all: bool
    # The same list with, or without, what was dismissed; empty if nothing was.
    only_counted: bool
    other_url: str
    dismissed: int
    pager: Pager

    @property
    def rows(self) -> list[IncidentRow]:
        """Return what is listed on this page."""
        return [row for tab in self.visible for row in tab.incidents]

    @property
    def has_counted(self) -> bool:
        return any(not row.is_dismissed for row in self.rows)

    @property
    def has_dismissed(self) -> bool:
        return any(row.is_dismissed for row in self.rows)

    @property
    def visible(self) -> list[Tab]:
        """Return the part that was chosen, or those that have something."""
        return [tab for tab in self.tabs if tab.is_current or (self.is_all and (tab.has_incidents or tab.evidence))]


EMPTY = {
    SessionPart.VIDEO: gettext_lazy("Nothing was marked on the recording, and there is no recording."),
    SessionPart.ONLINE: gettext_lazy("Nothing was marked on the screen."),
    SessionPart.VERIFICATION: gettext_lazy("Nothing was marked on identification or room, and there are no scans."),
    SessionPart.ONBOARDING: gettext_lazy("Nothing was marked during the learner’s onboarding."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Drawing:
    """What the parts of one page need to be drawn."""

    attempt: ExamAttempt
    user: AbstractBaseUser
    # The names of people by their keys.
    names: Mapping[int, str]
    # Of the recording, in seconds.
    length: float
    place: Address
    # The page of the list on which an incident stands, by its key.
    page_of: Mapping[int, int]
    # The page of the list that is shown.
    number: int
    # The address of a page of the list.
    address: Callable[..., str]

    def address_of(self, incident: Incident) -> str:
        return f"{self.address(self.page_of[incident.pk])}#pr-{form_name(incident.position)}"


def incident_list(
    attempt: ExamAttempt,
    review: ExamReview | None,
    incidents: Sequence[Incident],
    *,
    length: float,
    user: AbstractBaseUser,
    names: Mapping[int, str],
    place: Address,
    params: Mapping[str, str],
) -> IncidentList:
    """``length`` is in seconds; ``names`` are those of people by their keys.

    ``params`` are those of the address that have nothing to do with the list of incidents.
    """
    parts = list(SessionPart)
    ordered = sorted(incidents, key=lambda incident: parts.index(part_of_incident(incident.kind)))
    listed = [incident for incident in ordered if _is_listed(incident, place)]
    page = page_of(listed, place.page)
    size = page.paginator.per_page

    def address(
        number: int = 1,
        *,
        part: SessionPart | None = place.part,
        only_counted: bool = place.only_counted,
        viewed: Viewed | None = place.viewed,
    ) -> str:
        which = list_params(part, only_counted=only_counted)
        page_number = {"page": str(number)} if number > 1 else {}
        return session_url(attempt, {**params, **which, **page_number, **(viewed.params if viewed else {})})

    drawing = _Drawing(
        attempt=attempt,
        user=user,
        names=names,
        length=length,
        place=place,
        page_of={incident.pk: index // size + 1 for index, incident in enumerate(listed)},
        number=page.number,
        address=address,
    )
    evidence = _evidence_of(review, list(page), place.viewed)
    dismissed = sum(incident.is_dismissed for incident in ordered)
    tabs = [_tab(part, ordered, listed, list(page), evidence, drawing) for part in parts]
    return IncidentList(
        tabs,
        viewer=_viewer(evidence, drawing),
        all_url=f"{address(part=None)}#pr-incidents",
        all_text=_counted(ordered),
        is_all=place.part is None,
        only_counted=place.only_counted,
        other_url=f"{address(only_counted=not place.only_counted)}#pr-incidents" if dismissed else "",
        dismissed=dismissed,
        pager=pager(
            page, "page", params={**params, **place.list_params, **place.viewed_params}, base=session_url(attempt)
        ),
    )


def _is_listed(incident: Incident, place: Address) -> bool:
    is_of_part = place.part is None or part_of_incident(incident.kind) is place.part
    return is_of_part and not (place.only_counted and incident.is_dismissed)


def _evidence_of(review: ExamReview | None, visible: Sequence[Incident], viewed: Viewed | None) -> list[Evidence]:
    """Return the evidence of the whole session and of the incidents on this page, and what is shown in the page."""
    if review is None:
        return []
    rows = Q(incident=None) | Q(incident__in=[incident.pk for incident in visible])
    if viewed:
        rows |= Q(position=viewed.number - 1)
    return list(review.evidence.filter(rows).order_by("position"))


def _viewer(evidence: Sequence[Evidence], drawing: _Drawing) -> Viewer | None:
    viewed = drawing.place.viewed
    piece = next((one for one in evidence if viewed and one.position == viewed.number - 1), None)
    if piece is None or viewed is None:
        return None
    try:
        url = crypto.decrypt(piece.url)
    except CannotDecrypt:
        return None
    if not may_be_embedded(drawing.attempt.provider, url):
        return None
    token = EVIDENCE_LINK.make_token(piece, drawing.user, now=timezone.now())
    return Viewer(viewed.number, _evidence_name(piece), element_for(url), evidence_url(token, viewed.second))


def _tab(
    part: SessionPart,
    incidents: Sequence[Incident],
    listed: Sequence[Incident],
    visible: Sequence[Incident],
    evidence: Sequence[Evidence],
    drawing: _Drawing,
) -> Tab:
    def of_part(all_parts: Sequence[Incident]) -> list[Incident]:
        return [incident for incident in all_parts if part_of_incident(incident.kind) is part]

    whole = [one for one in evidence if one.incident_id is None and part_of_evidence(one.kind) is part]
    all_dismissed = _("All incidents of this part are dismissed.")
    return Tab(
        slug=part.value,
        heading=str(part.label),
        empty=all_dismissed if of_part(incidents) else str(EMPTY[part]),
        url=f"{drawing.address(part=part)}#pr-incidents",
        is_current=part is drawing.place.part,
        incidents_text=_counted(of_part(incidents)),
        evidence_text=_pieces(len(whole)) if whole else "",
        has_incidents=bool(of_part(listed)),
        incidents=[_incident_row(one, evidence, drawing) for one in of_part(visible)],
        evidence=[_evidence_link(one, drawing) for one in whole],
        marks=[_mark_link(group, drawing) for group in marks_of(of_part(listed), drawing.length)],
    )


def _counted(incidents: Sequence[Incident]) -> str:
    dismissed = sum(incident.is_dismissed for incident in incidents)
    params = {"counted": number(len(incidents) - dismissed), "dismissed": number(dismissed)}
    return _("%(counted)s counted, %(dismissed)s dismissed") % params if dismissed else params["counted"]


def _pieces(count: int) -> str:
    return ngettext("%(count)s file", "%(count)s files", count) % {"count": number(count)}


def _incident_row(incident: Incident, evidence: Sequence[Evidence], drawing: _Drawing) -> IncidentRow:
    own = [one for one in evidence if one.incident_id == incident.pk]
    start = start_of(incident)
    moment = recording_at(evidence, max(0.0, start)) if start is not None else None
    at_second = _evidence_link(moment[0], drawing, moment[1]) if moment else None
    return IncidentRow(
        pk=incident.pk,
        number=incident.position + 1,
        status=incident.label,
        tone=incident_tone(incident),
        kind=incident.kind,
        severity=incident.severity,
        comment=folded(incident.comment),
        when=span(incident.start, incident.stop),
        at_second=at_second if at_second and at_second.url else None,
        evidence=[_evidence_link(one, drawing) for one in own],
        dismissed_by=drawing.names.get(incident.dismissed_by_id or 0, ""),
        dismissed_at=incident.dismissed_at,
        dismissal_reason=incident.dismissal_reason,
    )


def _mark_link(group: MarkedGroup, drawing: _Drawing) -> MarkLink:
    first = group.incidents[0]
    comment = first.comment if len(group.incidents) == 1 else ""
    return MarkLink(group.marks, drawing.address_of(first), _mark_name(group), comment)


def _mark_name(group: MarkedGroup) -> str:
    first, count = group.incidents[0], len(group.incidents)
    if count == 1:
        params = {"number": first.position + 1, "status": first.label, "when": span(first.start, first.stop)}
        return _("Incident %(number)d, %(status)s, %(when)s") % params
    starts = [start_of(incident) or 0.0 for incident in group.incidents]
    params = {"count": number(count), "from": clock(min(starts)), "to": clock(max(starts))}
    return _("%(count)s incidents that begin from %(from)s to %(to)s") % params


def _evidence_link(evidence: Evidence, drawing: _Drawing, second: int = 0) -> EvidenceLink:
    """The provider's address is read only to see whether it may be opened; it is not on the page."""
    name = _evidence_name(evidence)
    try:
        url = crypto.decrypt(evidence.url)
    except CannotDecrypt:
        return EvidenceLink(evidence.pk, name, "", why_not=_("cannot be opened: the key that encrypted it is gone"))
    if not may_be_opened(drawing.attempt.provider, url):
        host, why_not = host_of(url), _("cannot be opened: host not allowed")
        return EvidenceLink(evidence.pk, name, "", why_not=f"{why_not} ({host})" if host else why_not)
    if may_be_embedded(drawing.attempt.provider, url):
        page = drawing.address(drawing.number, viewed=Viewed(evidence.position + 1, second))
        return EvidenceLink(evidence.pk, name, f"{page}#pr-viewer", is_embedded=True)
    token = EVIDENCE_LINK.make_token(evidence, drawing.user, now=timezone.now())
    return EvidenceLink(evidence.pk, name, evidence_url(token, second))


def _evidence_name(evidence: Evidence) -> str:
    name = f"{evidence.get_kind_display()} {span(evidence.start, evidence.stop)}".strip()
    return name[:1].upper() + name[1:]
