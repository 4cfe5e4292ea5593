"""Pauses between two tries of a job."""

import random
from datetime import timedelta


def pause_after(tries: int, *, first: timedelta, limit: timedelta) -> timedelta:
    """Return ``first`` after one try, twice as long after each further one, up to ``limit``, with jitter."""
    return with_jitter(min(first * 2 ** min(tries - 1, 20), limit))


def with_jitter(pause: timedelta) -> timedelta:
    """Return the pause, give or take a quarter: a thousand jobs that failed together must not come back together."""
    jitter = random.uniform(0.75, 1.25)  # noqa: S311  not a secret
    return pause * jitter
