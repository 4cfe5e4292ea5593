"""Settings of the example LMS, from the environment (or a file ``.env`` beside the Makefile).

Nothing needs to be set. The defaults are SQLite, local files and a broker in a folder, all under ``var/``.

DATABASE_URL           sqlite:///…, postgresql://…, mysql://… (MariaDB too)
CELERY_BROKER_URL      redis://…, amqp://…; REDIS_URL is used if it is missing
S3_BUCKET              keep report files in S3; with S3_ENDPOINT_URL, S3_REGION, S3_ACCESS_KEY, S3_SECRET_KEY
SECRET_KEY             generated and stored in var/ if it is missing
EMAIL_HOST             the mail server (EMAIL_PORT, EMAIL_USER, EMAIL_PASSWORD); without it mails are files in var/mail
RPNOW_USERS            name:password, separated by commas: the accounts that may send RPNow's reviews
PROCTORTRACK_URL       the service behind the provider proctortrack, with PROCTORTRACK_CLIENT_ID and
                       PROCTORTRACK_CLIENT_SECRET; without it no service is called, and the learner's page simulates one
SITE_URL               the address of the site, for links in mails and for callbacks from the service
ALLOWED_HOSTS, CSRF_TRUSTED_ORIGINS, HTTPS, DEBUG, DOWNLOAD_VIA, DEFAULT_FROM_EMAIL, VAR
"""

import secrets
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import django
from environs import Env

ROOT = Path(__file__).resolve().parent.parent

env = Env()
env.read_env(str(ROOT / ".env"), recurse=False)

VAR = env.path("VAR", ROOT / "var")


def _folder(path: Path) -> Path:
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def _stored_secret_key() -> str:
    """Return a key generated on this machine. With a key from the source code, anybody could sign cookies and links."""
    path = _folder(VAR) / "secret_key"
    try:
        with path.open("x") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(50))
    except FileExistsError:
        pass
    return path.read_text()


DEBUG = env.bool("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", "") or _stored_secret_key()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.bool("HTTPS", False)

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "oauth2_provider",
    # The REST API's schema and its page.
    "drf_spectacular",
    "drf_spectacular_sidecar",
    # Before proctoring_results, because it overrides that app's base template.
    "example_project.campus",
    "proctoring_results",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "example_project.campus.middleware.ReadOnlyViewingMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "example_project.campus.middleware.ContentSecurityPolicyMiddleware",
]

ROOT_URLCONF = "example_project.urls"
WSGI_APPLICATION = "example_project.wsgi.application"

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

# ------------------------------------------------------------------------------------------------------------- database


def _database() -> dict[str, Any]:
    embedded = f"sqlite:///{_folder(VAR) / 'db.sqlite3'}"
    url = env.dj_db_url("DATABASE_URL", embedded, conn_max_age=60, conn_health_checks=True)
    database: dict[str, Any] = {**url}
    options = database.setdefault("OPTIONS", {})
    if database["ENGINE"].endswith("sqlite3"):
        # Web, worker and beat write to one file. Readers must not block writers, and a transaction takes the write lock
        # when it begins: one that upgrades from reading to writing later fails at once instead of waiting.
        options.setdefault("transaction_mode", "IMMEDIATE")
        options.setdefault("timeout", 20)  # seconds
        options.setdefault("init_command", "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL")
    elif database["ENGINE"].endswith("mysql"):
        options.setdefault("charset", "utf8mb4")
        options.setdefault("sql_mode", "TRADITIONAL")
        options.setdefault("isolation_level", "read committed")
        options.setdefault("connect_timeout", 5)
    else:
        options.setdefault("connect_timeout", 5)
        # A statement that is repeated is prepared, so that the server does not plan it each time.
        options.setdefault("server_side_binding", True)
        options.setdefault("prepare_threshold", 5)
    return database


DATABASES = {"default": _database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# -------------------------------------------------------------------------------------------------------------- people

AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "example_project.campus.backends.CourseRoleBackend",
    "example_project.campus.backends.ProviderBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "campus:home"
LOGOUT_REDIRECT_URL = "login"

LANGUAGE_CODE = "en-gb"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)

# --------------------------------------------------------------------------------------------------------------- files

STATIC_URL = "static/"
STATIC_ROOT = _folder(VAR / "static")
# Serve static files straight from the packages, without collectstatic.
WHITENOISE_USE_FINDERS = True


def _report_storage() -> dict[str, Any]:
    if bucket := env.str("S3_BUCKET", ""):
        return {
            "BACKEND": "storages.backends.s3.S3Storage",
            "OPTIONS": {
                "bucket_name": bucket,
                "endpoint_url": env.str("S3_ENDPOINT_URL", "") or None,
                "region_name": env.str("S3_REGION", "") or None,
                "access_key": env.str("S3_ACCESS_KEY", "") or None,
                "secret_key": env.str("S3_SECRET_KEY", "") or None,
                # Older regions default to a signature without short lifetimes.
                "signature_version": "s3v4",
                "default_acl": None,
                "file_overwrite": False,
            },
        }
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            # Never in a folder that a web server publishes.
            "location": env.path("REPORTS_FOLDER", VAR / "reports"),
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    }


STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": VAR / "media"}},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    "proctoring_results": _report_storage(),
}

# -------------------------------------------------------------------------------------------------- other programs

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "example_project.campus.tokens.TokenAuthentication",
        "example_project.campus.viewing.SessionAuthentication",
    ],
}
OAUTH2_PROVIDER = {
    "ACCESS_TOKEN_EXPIRE_SECONDS": 3600,
    "SCOPES": {"reviews": "Send reviews for a proctoring service"},
}

# ------------------------------------------------------------------------------------------------- proctoring_results

# The host in links in mails and in callback addresses. It is never taken from a request.
SITE_URL = env.str("SITE_URL", "http://localhost:" + (env.str("PORT", "") or "8000")).rstrip("/")

OUR_HOST = urlsplit(SITE_URL).hostname or "localhost"

PROCTORING_RESULTS = {
    "SITE_URL": SITE_URL,
    "LMS": "example_project.campus.lms.CampusLMS",
    "APPEAL_DAYS": 30,
    "DOWNLOAD_VIA": env.str("DOWNLOAD_VIA", "django"),
    "PROVIDERS": {
        "proctortrack": {
            "base_url": env.str("PROCTORTRACK_URL", ""),
            "client_id": env.str("PROCTORTRACK_CLIENT_ID", ""),
            "client_secret": env.str("PROCTORTRACK_CLIENT_SECRET", ""),
            "rules": {"allow_notes": True, "allow_calculator": True, "allow_music": False},
            # The demo serves its recordings itself.
            "evidence_hosts": [OUR_HOST],
        },
        # Without users, RPNow's webhook refuses every request.
        "rpnow": {"users": env.list("RPNOW_USERS", []), "evidence_hosts": [OUR_HOST]},
    },
}

# ---------------------------------------------------------------------------------------------------------------- mail

DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Campus <campus@localhost>")
_mail_server = {
    "host": env.str("EMAIL_HOST", ""),
    "port": env.int("EMAIL_PORT", 25),
    "username": env.str("EMAIL_USER", ""),
    "password": env.str("EMAIL_PASSWORD", ""),
    "timeout": 10,  # seconds
}
if _mail_server["host"]:
    _mail_backend, _mail_options = "django.core.mail.backends.smtp.EmailBackend", _mail_server
else:
    # Without a mail server, each mail is written to a file.
    _mail_backend = "django.core.mail.backends.filebased.EmailBackend"
    _mail_options = {"file_path": str(_folder(VAR / "mail"))}

# Django 6.1 replaces these settings by one, and deprecates them.
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": _mail_backend, "OPTIONS": _mail_options}}
else:
    EMAIL_BACKEND = _mail_backend
    EMAIL_HOST, EMAIL_PORT = _mail_server["host"], _mail_server["port"]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = _mail_server["username"], _mail_server["password"]
    EMAIL_TIMEOUT = _mail_server["timeout"]
    EMAIL_FILE_PATH = _mail_options.get("file_path")

# -------------------------------------------------------------------------------------------------------------- celery

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "") or env.str("REDIS_URL", "") or "folder://localhost"
# An instructor's click must not wait for a broker that does not answer; periodic tasks find what was not delivered.
CELERY_BROKER_CONNECTION_TIMEOUT = 1  # seconds
CELERY_TASK_PUBLISH_RETRY = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "celerybeat-schedule")
CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {}

if CELERY_BROKER_URL.startswith("redis"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_connect_timeout": 1, "socket_timeout": 5}
elif CELERY_BROKER_URL.startswith("folder://"):
    CELERY_BROKER_TRANSPORT_OPTIONS = {
        "data_folder_in": str(_folder(VAR / "broker")),
        "data_folder_out": str(VAR / "broker"),
        "control_folder": str(_folder(VAR / "broker" / "control")),
        "polling_interval": 0.2,  # seconds
    }
    CELERY_WORKER_ENABLE_REMOTE_CONTROL = False

# ----------------------------------------------------------------------------------------------------------------- log

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "proctoring_results": {"level": "INFO"},
        "django": {"handlers": ["console"], "level": "WARNING", "propagate": False},
        # A page that somebody may not open needs no log entry.
        "django.request": {"level": "ERROR"},
    },
}
