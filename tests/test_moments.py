"""Times as pages print them."""

from datetime import UTC, datetime

import pytest
from django.template import Context, Template
from django.utils import timezone

from proctoring_results.moments import moment_text

AFTERNOON, NIGHT = datetime(2026, 11, 28, 14, 46, 5, tzinfo=UTC), datetime(2026, 11, 28, 23, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "at", "expected"),
    [
        ("UTC", AFTERNOON, "28 Nov 2026, 14:46 UTC"),
        ("Europe/Berlin", AFTERNOON, "28 Nov 2026, 15:46 · 14:46 UTC"),
        ("Europe/Berlin", NIGHT, "29 Nov 2026, 00:30 · 28 Nov 2026, 23:30 UTC"),
    ],
)
def test_a_time_is_local_with_utc_beside_it_by_a_clock_of_24_hours(zone, at, expected):
    with timezone.override(zone):
        assert moment_text(at) == expected


def test_the_tag_prints_it_as_a_time_that_a_script_can_read():
    template = Template("{% load proctoring_results %}{% proctoring_moment at with_seconds=True %}")
    assert template.render(Context({"at": AFTERNOON})) == (
        '<time datetime="2026-11-28T14:46:05Z" data-pr-moment>28 Nov 2026, 14:46:05 UTC</time>'
    )
    assert template.render(Context({"at": None})) == ""
