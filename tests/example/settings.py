"""The example's settings, made for tests. Real workers that tests start use them too: they inherit the folder."""

import os
from datetime import timedelta

from example_project.settings import *
from tests import environment
from tests.mailers import mail_settings

DATABASES = {"default": environment.test_database(DATABASES["default"])}

# Messages stay in this process, unless the run has a broker for them.
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or "memory://"

globals().update(mail_settings("django.core.mail.backends.locmem.EmailBackend"))
# Most tests want to see at once what follows from a decision.
PROCTORING_RESULTS = {**PROCTORING_RESULTS, "DECISION_UNDO_TIME": timedelta(0)}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

STORAGES = environment.storages()
# WhiteNoise warns of a folder that is not there, and warnings are errors.
STATIC_ROOT = environment.process_folder() / "static"
STATIC_ROOT.mkdir(exist_ok=True)
