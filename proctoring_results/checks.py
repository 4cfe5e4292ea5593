"""System checks: every wrong setting is said at start-up, in words, with the way out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args, get_type_hints
from urllib.parse import urlsplit

from celery import current_app
from django.apps import AppConfig, apps
from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.checks import Warning as CheckWarning
from django.core.files.storage import FileSystemStorage, InvalidStorageError, Storage, storages
from django.db import DEFAULT_DB_ALIAS, connections, router
from django.shortcuts import resolve_url
from django.urls import NoReverseMatch, Resolver404, get_script_prefix, resolve, reverse
from django.utils.module_loading import import_string

from proctoring_results import crypto
from proctoring_results.conf import SETTING_NAMES, Conf, conf
from proctoring_results.lms import Lms
from proctoring_results.providers.base import Provider
from proctoring_results.providers.policy import HOSTS_KEY, PLAIN_HOST, POLICY_KEYS, Policy
from proctoring_results.providers.registry import class_path, known_providers
from proctoring_results.reports.sending import MAX_REDIRECT_LIFETIME

# Whose values are not shown, not even wrong ones.
SECRET = frozenset({"ENCRYPTION_KEYS", "PROVIDERS", "USER_ID_KEY"})


def _error(number: int, sentence: str, hint: str | None = None) -> Error:
    return Error(sentence, hint=hint, id=f"proctoring_results.E{number:03}")


def _warning(number: int, sentence: str, hint: str | None = None) -> CheckWarning:
    return CheckWarning(sentence, hint=hint, id=f"proctoring_results.W{number:03}")


@register()
def check_settings(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """``PROCTORING_RESULTS``, the LMS, time zone and storage. Later checks need the names to be right."""
    problems: list[CheckMessage] = [*_names_and_types()]
    if not problems:
        providers = [*_providers()] or [*_calls()]
        problems = [*_durations(), *_site_url(), *providers, *_keys(), *_lms(), *_storage()]
    if not settings.USE_TZ:
        problems.append(_error(7, "proctoring_results needs USE_TZ = True: moments are kept in UTC."))
    return problems


@register(Tags.urls)
def check_addresses(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Check that the addresses which providers call lead to this app. ``PROVIDERS`` has to be right for that."""
    if not getattr(settings, "ROOT_URLCONF", None) or [*_names_and_types()] or [*_providers()]:
        return []
    return [problem for provider in known_providers() for problem in _addresses(provider)]


@register(Tags.urls)
def check_pages(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Check that the pages are among the URLs, and that what they need is there."""
    if not getattr(settings, "ROOT_URLCONF", None):
        return []
    try:
        reverse("proctoring_results:quiz_list", args=["course"])
    except NoReverseMatch:
        return [
            _warning(
                33,
                "The pages are not among the URLs: notices to the course team cannot link to a session.",
                "Include proctoring_results.urls. If the site leaves the pages out, add the id of this check to "
                "SILENCED_SYSTEM_CHECKS.",
            )
        ]
    return [*_middleware(), *_login_url()]


@register()
def check_broker(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Check that tasks can be handed to Celery's broker, without asking it."""
    names_are_wrong = [*_names_and_types()]
    return [] if names_are_wrong or not conf().ENQUEUE else [*_broker()]


@register()
def check_routers(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Check that database routers leave the app and its people in the default database."""
    models = [*apps.get_app_config("proctoring_results").get_models(), get_user_model()]
    aliases = sorted({router.db_for_write(model) for model in models} - {DEFAULT_DB_ALIAS})
    return [
        _error(
            32,
            f"A database router sends tables that the app writes to {alias!r}.",
            f"Its own tables and those of the users must be in {DEFAULT_DB_ALIAS!r}. A router for reading is fine.",
        )
        for alias in aliases
    ]


@register(Tags.database)
def check_databases(
    app_configs: Sequence[AppConfig] | None, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    return [problem for alias in databases or () for problem in _database(alias)]


def _names_and_types() -> Iterator[CheckMessage]:
    values = getattr(settings, "PROCTORING_RESULTS", {})
    if not isinstance(values, Mapping):
        yield _error(2, "PROCTORING_RESULTS must be a dictionary.")
        return
    types = get_type_hints(Conf)
    for name, value in values.items():
        if name not in SETTING_NAMES:
            yield _error(
                1, f"PROCTORING_RESULTS[{name!r}] is not a setting.", f"Known: {', '.join(sorted(SETTING_NAMES))}."
            )
        elif not _fits(value, types[name]):
            detail = "" if name in SECRET else f": {value!r}"
            yield _error(2, f"PROCTORING_RESULTS[{name!r}] has a wrong value{detail}.", f"It must be {types[name]}.")


def _fits(value: object, expected: Any) -> bool:
    if getattr(expected, "__origin__", None) is tuple:
        return isinstance(value, tuple | list) and all(isinstance(item, get_args(expected)[0]) for item in value)
    if getattr(expected, "__origin__", None) is not None and isinstance(expected.__origin__, type):
        return isinstance(value, expected.__origin__)
    if get_args(expected):
        return value in get_args(expected)  # a Literal
    return isinstance(value, expected) and not (expected is int and isinstance(value, bool))


def _durations() -> Iterator[CheckMessage]:
    for field in fields(Conf):
        value = getattr(conf(), field.name)
        if isinstance(value, timedelta) and value <= timedelta(0):
            yield _error(3, f"PROCTORING_RESULTS[{field.name!r}] must be longer than nothing.")
    if conf().REDIRECT_TTL > MAX_REDIRECT_LIFETIME:
        yield _error(3, f"PROCTORING_RESULTS['REDIRECT_TTL'] must be {MAX_REDIRECT_LIFETIME.seconds} seconds at most.")
    if conf().PAGE_SIZE < 1:
        yield _error(3, "PROCTORING_RESULTS['PAGE_SIZE'] must be 1 at least.")
    if conf().MAX_MESSAGE_BYTES < 1:
        yield _error(3, "PROCTORING_RESULTS['MAX_MESSAGE_BYTES'] must be 1 at least.")


def _site_url() -> Iterator[CheckMessage]:
    url = conf().SITE_URL
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.netloc or url != f"{parts.scheme}://{parts.netloc}"):
        yield _error(
            16,
            f"PROCTORING_RESULTS['SITE_URL'] is no address of a site: {url!r}.",
            "It must be like https://lms.example, without a slash at the end and without a path: "
            "that of FORCE_SCRIPT_NAME and of the URLs is added to it.",
        )


def _providers() -> Iterator[CheckMessage]:
    types = get_type_hints(Policy)
    for provider, values in conf().PROVIDERS.items():
        if not isinstance(values, Mapping):
            yield _error(4, f"PROCTORING_RESULTS['PROVIDERS'][{provider!r}] must be a dictionary.")
            continue
        own = _own_settings(provider)
        if own is None:
            yield _error(
                4, f"PROCTORING_RESULTS['PROVIDERS'][{provider!r}]: 'class' names no child of providers.base.Provider."
            )
            continue
        for name, value in values.items():
            is_own = name in own and _is_own(value, own[name])
            if name == "class" or is_own or (name == HOSTS_KEY and _are_hosts(value)):
                continue
            if name not in POLICY_KEYS or not _fits(value, types[name]):
                # Not the value of another key: that may be a secret, or one under a misspelt name.
                detail = f": {value!r}" if name in POLICY_KEYS else ""
                yield _error(
                    4,
                    f"PROCTORING_RESULTS['PROVIDERS'][{provider!r}]: {name!r} is unknown or wrong{detail}.",
                    f"Known: {', '.join(sorted({*types, *own, HOSTS_KEY, 'class'}))}.",
                )


def _calls() -> Iterator[CheckMessage]:
    """Only once what ``PROVIDERS`` says has the right form."""
    for provider in known_providers():
        for problem in provider.problems():
            yield _error(
                17,
                f"PROCTORING_RESULTS['PROVIDERS'][{provider.name!r}] cannot be used: {problem}",
                "See “Connect a provider” in the documentation.",
            )


def _addresses(provider: Provider) -> Iterator[CheckMessage]:
    try:
        paths = provider.addresses()
    except NoReverseMatch:
        # The built-in providers may be of no use to a site.
        if provider.name in conf().PROVIDERS:
            yield _warning(
                19,
                f"The provider {provider.name!r} cannot send its messages: its addresses are not among the URLs.",
                "Include proctoring_results.providers.urls. If your own code calls api.record_review instead, add the "
                "id of this check to SILENCED_SYSTEM_CHECKS.",
            )
        return
    for path in paths:
        view = _view_of_another(path)
        if view is not None:
            yield _warning(
                18,
                f"The provider {provider.name!r} calls {path}, and that leads to {view}.",
                "Include proctoring_results.providers.urls before the URLs of that view.",
            )


def _view_of_another(path: str) -> str | None:
    """Return the name of the view that a path leads to, or None if it is a webhook of this app."""
    try:
        match = resolve(path.removeprefix(get_script_prefix().rstrip("/")))
    except Resolver404:
        return "no view"
    if "proctoring_webhooks" in match.app_names:
        return None
    view = getattr(match.func, "view_class", None) or getattr(match.func, "cls", match.func)
    return f"{view.__module__}.{getattr(view, '__qualname__', type(view).__qualname__)}"


MIDDLEWARE = (
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
)


def _middleware() -> Iterator[CheckMessage]:
    installed = tuple(_class_named(path) for path in settings.MIDDLEWARE)
    for path in MIDDLEWARE:
        if not any(issubclass(one, import_string(path)) for one in installed):
            yield _error(34, f"The pages need {path!r}.", "Add it, or a child of it, to MIDDLEWARE.")


def _class_named(path: str) -> type:
    """Return the class; ``object`` where there is none, which Django itself reports."""
    try:
        target = import_string(path)
    except ImportError:
        return object
    return target if isinstance(target, type) else object


def _login_url() -> Iterator[CheckMessage]:
    try:
        address = resolve_url(settings.LOGIN_URL)
        if address.startswith("/") and not address.startswith("//"):
            resolve(urlsplit(address).path.removeprefix(get_script_prefix().rstrip("/")))
    except (NoReverseMatch, Resolver404):
        yield _warning(
            35,
            f"LOGIN_URL leads to no page: {str(settings.LOGIN_URL)!r}. People who are not signed in are sent there.",
            'Set it to the sign-in page of your site. To try the app, "admin:login" will do.',
        )


# What installs the driver of a broker, by the scheme of its address. The others have an extra of Celery.
EXTRAS = {"redis": "proctoring-results[redis]", "rediss": "proctoring-results[redis]"}


def _broker() -> Iterator[CheckMessage]:
    broker = current_app.conf.broker_write_url
    if not broker:
        yield _warning(
            31,
            "Celery has no address of a broker, so nothing is enqueued: reports and effects wait for the upkeep.",
            "Set CELERY_BROKER_URL. Without Celery, let cron run “proctoring_upkeep --here”, and set "
            "PROCTORING_RESULTS['ENQUEUE'] = False.",
        )
        return
    scheme = str(broker).partition(":")[0]
    extra = EXTRAS.get(scheme, f"celery[{scheme}]")
    try:
        # Imports the driver and makes its object, which connects to nothing yet.
        _ = current_app.connection_for_write().transport
    except ImportError as error:
        yield _error(30, f"The driver of Celery's broker is missing: {error}.", f'Install it: pip install "{extra}".')
    except (KeyError, ValueError, TypeError, NameError, AttributeError) as error:
        detail = error.args[0] if error.args else type(error).__name__
        yield _error(30, f"Celery's broker cannot be used: {detail}.", "Correct the address in CELERY_BROKER_URL.")


def _own_settings(provider: str) -> Mapping[str, type] | None:
    """The keys that the provider's class adds, and their types; None where there is no such class."""
    try:
        provider_class = import_string(class_path(provider))
    except (ImportError, TypeError, AttributeError):
        return None
    is_provider = isinstance(provider_class, type) and issubclass(provider_class, Provider)
    return provider_class.own_settings if is_provider else None


def _are_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(isinstance(item, str) and item for item in value)


def _is_own(value: object, kind: type) -> bool:
    if kind is list:
        return _are_texts(value)
    return isinstance(value, Mapping if kind is dict else kind)


def _are_hosts(value: object) -> bool:
    """Names like ``video.example`` or ``.video.example``: in lower case, without scheme, port and path."""
    return (
        _are_texts(value)
        and isinstance(value, list | tuple)
        and all(PLAIN_HOST.fullmatch(host.removeprefix(".")) for host in value)
    )


def _keys() -> Iterator[CheckMessage]:
    wrong = [number for number, key in enumerate(conf().ENCRYPTION_KEYS, 1) if not crypto.is_key(key)]
    if wrong:
        yield _error(
            15,
            f"PROCTORING_RESULTS['ENCRYPTION_KEYS']: not a key: number {', '.join(map(str, wrong))}.",
            "Make one: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'.",
        )


def _lms() -> Iterator[CheckMessage]:
    try:
        host = import_string(conf().LMS)()
    except (ImportError, TypeError) as error:
        yield _error(5, f"PROCTORING_RESULTS['LMS'] names no class that can be made: {error}.")
        return
    if not isinstance(host, Lms):
        missing = [name for name in dir(Lms) if not name.startswith("_") and not hasattr(host, name)]
        yield _error(5, f"{conf().LMS} does not fill in proctoring_results.lms.Lms: {', '.join(missing)}.")


def _storage() -> Iterator[CheckMessage]:
    alias = conf().REPORT_STORAGE
    try:
        storage = storages[alias]
    except InvalidStorageError as error:
        yield _error(
            6,
            f"STORAGES has no usable alias {alias!r} for report files: {error}.",
            "Add one that the web does not serve; see “Install” in the documentation.",
        )
        return
    if isinstance(storage, FileSystemStorage):
        yield from _local_storage(storage)
    else:
        yield from _signing_storage(storage)


def _local_storage(storage: FileSystemStorage) -> Iterator[CheckMessage]:
    location = Path(storage.location).resolve()
    for name in ("MEDIA_ROOT", "STATIC_ROOT"):
        public = getattr(settings, name, None)
        if public and location.is_relative_to(Path(public).resolve()):
            yield _error(
                8, f"The report storage lies in {name}: anybody could fetch the reports.", "Move it elsewhere."
            )


def _signing_storage(storage: Storage) -> Iterator[CheckMessage]:
    if conf().DOWNLOAD_VIA != "django":
        yield _error(9, f"DOWNLOAD_VIA {conf().DOWNLOAD_VIA!r} needs report files on this machine.")
    if getattr(storage, "custom_domain", None) and not getattr(storage, "cloudfront_signer", None):
        yield _error(10, "The report storage has a custom_domain without a signer: its URLs would not be signed.")
    if getattr(storage, "querystring_auth", True) is False:
        yield _error(10, "The report storage has querystring_auth switched off: its URLs would not be signed.")
    # S3's ``default_acl``; Google's and Dropbox's are called so, too. "private" and none are right.
    acl = str(getattr(storage, "default_acl", None) or "").casefold().replace("-", "")
    if acl.startswith(("public", "authenticatedread")):
        yield _error(
            10,
            f"The report storage makes its files public: its default_acl is {storage.default_acl!r}.",  # type: ignore[attr-defined]
            "Set it to None, and block public access to the bucket.",
        )


def _database(alias: str) -> Iterator[CheckMessage]:
    connection = connections[alias]
    if connection.vendor not in ("postgresql", "sqlite", "mysql"):
        yield _error(11, f"Database {alias!r}: {connection.display_name} is not supported.")
        return
    zone = connection.settings_dict.get("TIME_ZONE")
    if connection.vendor != "postgresql" and zone not in (None, "UTC"):
        yield _error(12, f"Database {alias!r} keeps moments in {zone!r}; reports need UTC.", "Leave its TIME_ZONE out.")
    options: dict[str, Any] = connection.settings_dict.get("OPTIONS", {})
    if connection.vendor == "sqlite" and options.get("transaction_mode") != "IMMEDIATE":
        yield _warning(
            13,
            f"Database {alias!r}: SQLite without “transaction_mode”: “IMMEDIATE” cannot make two writers take turns.",
            'Set "OPTIONS": {"transaction_mode": "IMMEDIATE"}.',
        )
    if connection.vendor == "mysql" and options.get("charset", "utf8mb4") != "utf8mb4":
        yield _error(14, f"Database {alias!r} must be talked to in utf8mb4.", "Leave the option “charset” out.")
    if connection.vendor == "mysql":
        yield from _character_sets(connection)


def _character_sets(connection: Any) -> Iterator[CheckMessage]:
    """Tables in utf8mb3 take no emoji: what a service or a person wrote would be refused for ever."""
    tables = [model._meta.db_table for model in apps.get_app_config("proctoring_results").get_models()]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT table_name FROM information_schema.columns WHERE table_schema = DATABASE() "
            "AND table_name IN %s AND character_set_name <> 'utf8mb4' ORDER BY table_name",
            [tables],
        )
        narrow = [table for (table,) in cursor.fetchall()]
        cursor.execute("SELECT @@character_set_database")
        [(default,)] = cursor.fetchall()
    if narrow or default != "utf8mb4":
        names = ", ".join(narrow) or f"new tables ({default})"
        yield _error(
            36,
            f"Database {connection.alias!r} cannot store every character in {names}.",
            "ALTER DATABASE … CHARACTER SET utf8mb4, and ALTER TABLE … CONVERT TO CHARACTER SET utf8mb4 for each table "
            "that is named.",
        )
