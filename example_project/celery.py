import os
from typing import Any

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "example_project.settings")

TRANSPORT_ALIASES["folder"] = "example_project.broker:Transport"

app = Celery("example_project")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def add_beat_schedule(sender: Celery, **_: Any) -> None:
    # Not in the settings, because the module imports models, which need the settings.
    from proctoring_results.periodic import BEAT_SCHEDULE

    sender.conf.beat_schedule = {**sender.conf.beat_schedule, **BEAT_SCHEDULE}
