"""Served by an ASGI server."""

from tests.hosts.lms.base import *  # noqa: F403
