from django.apps import AppConfig


class CampusConfig(AppConfig):
    name = "example_project.campus"
    verbose_name = "Campus"

    def ready(self) -> None:
        from . import (
            openapi,  # noqa: F401  describes the sign-in in the API schema
            viewing,  # noqa: F401  connects the sign-out signal
        )
