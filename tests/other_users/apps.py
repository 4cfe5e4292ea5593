from django.apps import AppConfig


class OtherUsersConfig(AppConfig):
    name = "tests.other_users"
    default_auto_field = "django.db.models.BigAutoField"
