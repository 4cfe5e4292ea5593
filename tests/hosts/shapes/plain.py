"""The project of the tutorial."""

from tests.hosts.lms.base import *  # noqa: F403
