from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProctoringResultsConfig(AppConfig):
    name = "proctoring_results"
    verbose_name = _("Proctoring results")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        # Celery looks for tasks.py only; the checks register on import.
        from proctoring_results import checks, periodic  # noqa: F401
