"""All settings of DRF for the host's own API."""

from tests.host.foreign import FOREIGN_DRF
from tests.hosts.lms.base import *  # noqa: F403
from tests.hosts.lms.base import REST_FRAMEWORK

REST_FRAMEWORK |= FOREIGN_DRF
