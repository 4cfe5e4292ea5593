"""Settings of workers that are to be killed: short leases and pauses, a queue of their own."""

import os
from datetime import timedelta

from tests.example.settings import *
from tests.mailers import mail_settings

CELERY_TASK_DEFAULT_QUEUE = os.environ["PROCTORING_TEST_QUEUE"]
# Tasks that the worker has not yet taken are enqueued again by the sweep; nothing waits for an hour.
CELERY_WORKER_PREFETCH_MULTIPLIER = 1

PROCTORING_RESULTS = {
    **PROCTORING_RESULTS,
    "LEASE": timedelta(seconds=2),
    "RETRY_PAUSES": (timedelta(seconds=0.2), timedelta(seconds=0.2)),
}

if "PROCTORING_TEST_MAILS" in os.environ:
    _mails = os.environ["PROCTORING_TEST_MAILS"]
    globals().update(mail_settings("django.core.mail.backends.filebased.EmailBackend", file_path=_mails))
