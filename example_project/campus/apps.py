from django.apps import AppConfig


class CampusConfig(AppConfig):
    name = "example_project.campus"
    verbose_name = "Campus"

    def ready(self) -> None:
        from . import (
            openapi,  # noqa: F401  it says how one signs in
            viewing,  # noqa: F401  it listens for sign-outs
        )
