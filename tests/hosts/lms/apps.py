from django.apps import AppConfig
from django.conf import settings


class LmsConfig(AppConfig):
    name = "tests.hosts.lms"
    label = "lms"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        if hasattr(settings, "CELERY_BROKER_URL"):
            from . import celery  # noqa: F401  a host without Celery has no app
