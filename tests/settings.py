"""Settings of the smallest project that can host the app (``tests.host``)."""

import os
from datetime import timedelta

from environs import Env

from tests import environment
from tests.mailers import mail_settings

env = Env()

SECRET_KEY = "a key for tests"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "proctoring_results",
    "tests.host",
]
MIDDLEWARE = [
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
ROOT_URLCONF = "tests.host.urls"
STATIC_URL = "static/"
TIME_ZONE = "UTC"
LOGIN_URL = "login"

# As docs/tutorial/install.md recommends for each database.
OPTIONS = {
    "django.db.backends.sqlite3": {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,  # seconds
        "init_command": "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL",
    },
    "django.db.backends.mysql": {
        "charset": "utf8mb4",
        "sql_mode": "TRADITIONAL",
        "isolation_level": "read committed",
    },
}
_database = env.dj_db_url("DATABASE_URL", f"sqlite:///{environment.process_folder() / 'db.sqlite3'}")
_options = {**OPTIONS.get(_database["ENGINE"], {}), **_database.get("OPTIONS", {})}
DATABASES = {"default": environment.test_database({**_database, "OPTIONS": _options})}

AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend", "tests.host.backends.RoleBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "tests.host.authentication.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
}

STORAGES = environment.storages()
globals().update(mail_settings("django.core.mail.backends.locmem.EmailBackend"))
# Messages stay in this process, unless the run has a broker for them.
CELERY_BROKER_URL = os.environ.get("CELERY_BROKER_URL") or "memory://"
CELERY_TASK_IGNORE_RESULT = True

SITE_URL = "http://localhost:8000"
PROCTORING_RESULTS = {
    # Most tests want to see at once what follows from a decision.
    "DECISION_UNDO_TIME": timedelta(0),
    "SITE_URL": SITE_URL,
    "LMS": "tests.host.lms.HostLMS",
    "PROVIDERS": {
        "proctortrack": {"evidence_hosts": ["localhost"]},
        "rpnow": {"users": [], "evidence_hosts": ["localhost"]},
    },
}
