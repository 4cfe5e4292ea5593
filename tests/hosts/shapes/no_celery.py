"""No Celery app, no broker: cron builds the reports."""

from tests.hosts.lms.base import *  # noqa: F403
from tests.hosts.lms.base import PROCTORING_RESULTS

del CELERY_BROKER_URL  # noqa: F821
PROCTORING_RESULTS["ENQUEUE"] = False
