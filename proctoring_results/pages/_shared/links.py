"""Download links on a page that is open for a long time."""

from __future__ import annotations

from proctoring_results.conf import conf

# After four fifths of their lifetime: after four minutes of five.
RENEWED_AFTER = 0.8


def renew_after() -> int:
    """Return the seconds after which a page renews its links."""
    return max(1, int(conf().DOWNLOAD_TTL.total_seconds() * RENEWED_AFTER))
