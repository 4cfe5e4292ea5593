"""Numbers and durations as pages print them."""

from __future__ import annotations

from datetime import timedelta

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext


def number(value: int) -> str:
    return number_format(value, use_l10n=True, force_grouping=True)


def duration(time: timedelta) -> str:
    """Return days and hours, or hours and minutes, cut."""
    minutes = int(time.total_seconds()) // 60
    days, hours, rest = minutes // (24 * 60), minutes // 60 % 24, minutes % 60
    parts = [
        ngettext("%(number)s day", "%(number)s days", days) % {"number": days} if days else "",
        _("%(number)s h") % {"number": hours} if hours else "",
        _("%(number)s min") % {"number": rest} if rest and not days else "",
    ]
    return " ".join(part for part in parts if part) or _("under 1 min")
