"""The newest Django that is supported. A warning of its deprecations ends each program."""

import warnings

from django.utils import deprecation

from tests.hosts.lms.base import *  # noqa: F403

warnings.filterwarnings("error", category=deprecation.RemovedInNextVersionWarning)
