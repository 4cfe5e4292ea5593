"""The pauses between the tries of a job."""

from datetime import timedelta
from itertools import pairwise

import pytest

from proctoring_results.jobs import backoff

FIRST, LIMIT = timedelta(seconds=10), timedelta(hours=1)


def pause_after(tries: int) -> timedelta:
    return backoff.pause_after(tries, first=FIRST, limit=LIMIT)


@pytest.fixture
def no_jitter(monkeypatch):
    monkeypatch.setattr(backoff.random, "uniform", lambda low, high: 1.0)


def test_the_pause_doubles_up_to_the_longest(no_jitter):
    pauses = [pause_after(tries) for tries in range(1, 60)]
    assert pauses[0] == FIRST
    assert all(later == min(earlier * 2, LIMIT) for earlier, later in pairwise(pauses))
    assert pauses[-1] == LIMIT


@pytest.mark.parametrize("tries", [1, 5, 1_000])
def test_jobs_that_failed_together_do_not_come_back_together(tries):
    pauses = [pause_after(tries) for _ in range(100)]
    assert len(set(pauses)) > 50
    assert min(pauses) >= FIRST * 0.75
    assert max(pauses) <= LIMIT * 1.25
