"""A second admin site, and no other."""

from tests.hosts.lms.base import *  # noqa: F403

ROOT_URLCONF = "tests.hosts.shapes.second_admin_urls"
LOGIN_URL = "ops:login"
