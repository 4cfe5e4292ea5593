"""A user model without username and names: signed in by e-mail address, known by a UUID."""

from tests.hosts.lms.base import *  # noqa: F403

AUTH_USER_MODEL = "lms.Member"
