import os
from datetime import timedelta
from pathlib import Path

from tests.mailers import mail_settings

FOLDER = Path(os.environ["HOST_FOLDER"])

SECRET_KEY = "a key that is long enough for a host which is only tested"
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "tests.hosts.lms.urls"
USE_TZ = True
LOGIN_URL = "admin:login"
STATIC_URL = "static/"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "tests.hosts.lms",
    "proctoring_results",
]
# As a new Django project has it.
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": FOLDER / "db.sqlite3",
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF",
        },
    }
}
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", "tests.hosts.lms.backends.CourseRoleBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # quick
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "rest_framework.authentication.BasicAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
}
_FILES = "django.core.files.storage.FileSystemStorage"
STORAGES = {
    "default": {"BACKEND": _FILES, "OPTIONS": {"location": FOLDER / "media"}},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "proctoring_results": {"BACKEND": _FILES, "OPTIONS": {"location": FOLDER / "reports"}},
}
globals().update(mail_settings("django.core.mail.backends.dummy.EmailBackend"))
# Nobody takes these messages: reports are built by ``proctoring_upkeep --here``, as without a worker.
CELERY_BROKER_URL = "memory://"
PROCTORING_RESULTS = {
    "LMS": "tests.hosts.lms.proctoring.MyLMS",
    "SITE_URL": "https://lms.example",
    # The walk wants to see at once what follows from a decision.
    "DECISION_UNDO_TIME": timedelta(0),
}
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"log": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["log"], "level": "WARNING"},
}
