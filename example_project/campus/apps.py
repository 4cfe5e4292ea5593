from django.apps import AppConfig


class CampusConfig(AppConfig):
    name = "example_project.campus"
    verbose_name = "Campus"
