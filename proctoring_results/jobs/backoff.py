"""The growing pause between two tries of a job."""

import random
from datetime import timedelta


def pause_after(tries: int, *, first: timedelta, limit: timedelta) -> timedelta:
    """Return ``first`` after one try, twice as long after each further one, up to ``limit``; give or take a quarter.

    Without the jitter a thousand jobs that failed together would come back together.
    """
    pause: timedelta = min(first * 2 ** min(tries - 1, 20), limit)
    jitter = random.uniform(0.75, 1.25)  # noqa: S311  not a secret
    return pause * jitter
