"""Each request is a transaction."""

from tests.hosts.lms.base import *  # noqa: F403
from tests.hosts.lms.base import DATABASES

DATABASES["default"]["ATOMIC_REQUESTS"] = True
