"""Behind a proxy at /lms, and included under /exams."""

from tests.hosts.lms.base import *  # noqa: F403

FORCE_SCRIPT_NAME = "/lms"
ROOT_URLCONF = "tests.hosts.shapes.sub_path_urls"
STATIC_URL = "/lms/static/"
