"""The minimal settings with another user model: ``USER_MODEL`` in the environment names it."""

import os

from tests.settings import *  # noqa: F403
from tests.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.other_users"]
AUTH_USER_MODEL = f"other_users.{os.environ['USER_MODEL']}"
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
ALLOWED_HOSTS = ["testserver"]
SILENCED_SYSTEM_CHECKS = ["fields.E210"]
