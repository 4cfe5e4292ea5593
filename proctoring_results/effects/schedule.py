"""The mail to the owner of a schedule that upkeep has paused or switched off. It has a link to the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import NoReverseMatch, reverse
from django.utils import translation

from proctoring_results.choices import EffectKind, ScheduleProblem, ScheduleState
from proctoring_results.conf import conf
from proctoring_results.lms import course_zone, strict_lms
from proctoring_results.people import email_of
from proctoring_results.reports.kinds.registry import kind_label
from proctoring_results.reports.rhythms import Rhythm, in_words

from . import templated_mail
from .base import Effect

if TYPE_CHECKING:
    from proctoring_results.models import LmsEffect, ReportSchedule


def _deliver(effect: LmsEffect) -> None:
    """Write to the owner in their language, unless they cannot be reached. It tells only of what is their own."""
    schedule, user = effect.schedule, effect.user
    if schedule is None or user is None:
        raise ValueError(f"Effect {effect.pk} ({effect.kind}) names no schedule and person.")
    address = email_of(user)
    if not (address and user.is_active):
        return
    with translation.override(strict_lms().learner_language(user)):
        templated_mail.send_about_course(
            effect, schedule.course_id, "schedule_stopped", _context(schedule), to=[address]
        )


def _context(schedule: ReportSchedule) -> dict[str, Any]:
    return {
        "course_name": strict_lms().course_name(schedule.course_id),
        "report_kind": kind_label(schedule.kind),
        "when": in_words(Rhythm.of(schedule), course_zone(schedule.course_id)),
        "state": ScheduleState(schedule.state).label,
        "reason": ScheduleProblem(schedule.problem).label,
        "page_url": _page_url(schedule),
    }


def _page_url(schedule: ReportSchedule) -> str:
    """Return the address of Schedules; empty if ``SITE_URL`` is not set or the site leaves out the pages."""
    if not conf().SITE_URL:
        return ""
    try:
        return conf().SITE_URL + reverse("proctoring_results:schedules", args=[schedule.course_id])
    except NoReverseMatch:
        return ""


def _is_superseded(effect: LmsEffect) -> bool:
    """Return whether somebody has resumed, paused or deleted the schedule since then."""
    return effect.schedule is not None and effect.schedule.state not in (ScheduleState.REFUSED, ScheduleState.FAILED)


EFFECT = Effect(kind=EffectKind.SCHEDULE, deliver=_deliver, preview=None, is_stale=_is_superseded)
