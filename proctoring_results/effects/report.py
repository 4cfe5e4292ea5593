"""The mail to each person who wanted to know: a report is ready, or has failed. It has a link to the page, no file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.urls import NoReverseMatch, reverse
from django.utils import translation
from django.utils.translation import ngettext

from proctoring_results import permissions
from proctoring_results.choices import EffectKind, ReportFailure, ReportState
from proctoring_results.conf import conf
from proctoring_results.filters import in_words
from proctoring_results.lms import strict_lms
from proctoring_results.models import LmsEffect
from proctoring_results.people import email_of
from proctoring_results.reports.kinds.registry import kind_label
from proctoring_results.reports.narrowing import exam_name_of, exam_names

from . import templated_mail
from .base import Effect

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import Report

TEMPLATES = {ReportState.READY: "report_ready", ReportState.FAILED: "report_failed"}


def _deliver(effect: LmsEffect) -> None:
    """Write to the person in their language, unless they cannot be reached or may not know of the report any more."""
    report, user = effect.report, effect.user
    if report is None or user is None:
        raise ValueError(f"Effect {effect.pk} ({effect.kind}) names no report and person.")
    address = email_of(user)
    if not (address and user.is_active and _may_know(user, report)):
        return
    template = TEMPLATES[ReportState(report.state)]
    with translation.override(strict_lms().learner_language(user)):
        templated_mail.send_about_course(effect, report.course_id, template, _context(report), to=[address])


def _may_know(user: AbstractBaseUser, report: Report) -> bool:
    # Who requested a report about several courses always sees that it exists; what they may lose is to generate it.
    needed = permissions.VIEW_REPORTS if report.course_id else permissions.GENERATE_REPORT
    return permissions.may_with_report(user, needed, report)


def _context(report: Report) -> dict[str, Any]:
    narrowing = in_words(report.filters, exam_name_of(report, exam_names([report])))
    return {
        "course_name": _course_name(report),
        "is_about_one_course": bool(report.course_id),
        "report_kind": kind_label(report.kind),
        "narrowing": " · ".join(narrowing),
        "reason": ReportFailure(report.failure).label,
        "reference": report.reference,
        "page_url": _page_url(report),
    }


def _course_name(report: Report) -> str:
    if report.course_id:
        return strict_lms().course_name(report.course_id)
    return ngettext("%(number)s course", "%(number)s courses", len(report.courses)) % {"number": len(report.courses)}


def _page_url(report: Report) -> str:
    """Return the address of the page with the report; empty if ``SITE_URL`` is not set or the site leaves it out."""
    site = conf().SITE_URL
    if not site:
        return ""
    page, args = ("data_download", [report.course_id]) if report.course_id else ("all_reports", [])
    try:
        return site + reverse(f"proctoring_results:{page}", args=args)
    except NoReverseMatch:
        return ""


def _is_superseded(effect: LmsEffect) -> bool:
    """Return whether the report is at another end since then, is being built again, or has no file any more."""
    report = effect.report
    if report is None:
        return False
    if report.state not in TEMPLATES or (report.state == ReportState.READY and report.is_over_its_lifetime):
        return True
    return LmsEffect.objects.filter(report=report, user=effect.user, pk__gt=effect.pk).exists()


EFFECT = Effect(kind=EffectKind.REPORT, deliver=_deliver, preview=None, is_stale=_is_superseded)
