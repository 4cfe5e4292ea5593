"""Times as pages print them: in the time zone of the site, with UTC beside it, by a clock of 24 hours."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import ngettext

DAY, CLOCK, CLOCK_WITH_SECONDS = "j M Y", "H:i", "H:i:s"


def moment(at: datetime | None, *, with_seconds: bool = False) -> SafeString | str:
    """Return a ``time`` element; empty without a time. A script of the pages puts it in the reader's own time zone."""
    if at is None:
        return ""
    return format_html(
        '<time datetime="{}" data-pr-moment>{}</time>',
        f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        moment_text(at, with_seconds=with_seconds),
    )


def moment_text(at: datetime, *, with_seconds: bool = False) -> str:
    """Return ``28 Nov 2026, 15:46 · 14:46 UTC``, or the part in UTC where the site has no other time."""
    clock = CLOCK_WITH_SECONDS if with_seconds else CLOCK
    local, utc = timezone.localtime(at), at.astimezone(UTC)
    in_utc = f"{date_format(utc, clock)} UTC"
    if local.utcoffset() == utc.utcoffset():
        return f"{date_format(utc, DAY)}, {in_utc}"
    day = "" if local.date() == utc.date() else f"{date_format(utc, DAY)}, "
    return f"{date_format(local, DAY)}, {date_format(local, clock)} · {day}{in_utc}"


def clock(seconds: float) -> str:
    """Return ``1:05:09``, or ``5:09``: seconds from the start of a recording."""
    hours, rest = divmod(int(max(0.0, seconds)), 3600)
    minutes, rest = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def span(start: float | None, stop: float | None) -> str:
    """Return from and to; empty if neither is known."""
    return "–".join(clock(seconds) for seconds in (start, stop) if seconds is not None)


def rounded_up(duration: timedelta) -> str:
    """Return ``5 hours``, or from one day on ``2 days``: at least one hour."""
    if duration <= timedelta(hours=23):
        hours = max(1, -(-duration // timedelta(hours=1)))
        return ngettext("%d hour", "%d hours", hours) % hours
    days = -(-duration // timedelta(days=1))
    return ngettext("%d day", "%d days", days) % days
