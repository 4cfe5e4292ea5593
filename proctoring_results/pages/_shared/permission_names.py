"""What a permission allows, in words: its code name is never the only thing that a page shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from proctoring_results import permissions

if TYPE_CHECKING:
    from django.utils.functional import Promise

# For "Your account may not …".
PERMISSION_NAMES: Mapping[str, str | Promise] = {
    permissions.VIEW_REPORTS: _("see the reports of this course"),
    permissions.GENERATE_REPORT: _("generate reports in this course"),
    permissions.DOWNLOAD_REPORT: _("download the reports of this course"),
    permissions.REPORT_DECISIONS: _("generate and download reports of decisions in this course"),
    permissions.VIEW_SESSIONS: _("look at the exam sessions of this course"),
    permissions.EXPORT_SESSION: _("export the data of the exam sessions of this course"),
    permissions.DECIDE_ATTEMPT: _("decide Pass or Fail in this course"),
}


@dataclass(frozen=True, slots=True)
class MissingPermission:
    name: str
    code: str


def missing_permission(permission: str) -> MissingPermission:
    return MissingPermission(str(PERMISSION_NAMES[permission]), permission)
