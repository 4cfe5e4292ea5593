"""Checks of ``PROCTORING_RESULTS``, the LMS and the time zone."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import fields
from datetime import timedelta
from typing import Any, get_args, get_type_hints
from urllib.parse import urlsplit

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, register
from django.utils.functional import Promise
from django.utils.module_loading import import_string

from proctoring_results import crypto
from proctoring_results.choices import CASE_FILE
from proctoring_results.conf import SETTING_NAMES, Conf, conf
from proctoring_results.lms import Lms
from proctoring_results.providers.base import Provider
from proctoring_results.providers.policy import HOSTS_KEYS, PLAIN_HOST, POLICY_KEYS, Policy
from proctoring_results.providers.registry import class_path, known_providers
from proctoring_results.reports.kinds.base import Kind
from proctoring_results.reports.kinds.registry import OWN_KINDS
from proctoring_results.reports.sending import MAX_REDIRECT_LIFETIME

from .messages import err
from .storage import storage_problems

# Whose values are not shown, not even wrong ones.
SECRET = frozenset({"ENCRYPTION_KEYS", "PROVIDERS", "USER_ID_KEY"})
# Learners wait as long for each result.
MAX_UNDO_TIME = timedelta(hours=1)
# Ten years: dates beyond what a calendar has are a mistake.
MAX_APPEAL_DAYS = 3_650
# A part of files' names, and stored in a column of this length.
NAME_OF_KIND = re.compile(r"[A-Za-z0-9_]{1,64}")

# Stored with each decision, and a cell of a report.
KEY_OF_CATEGORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


@register()
def check_settings(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """``PROCTORING_RESULTS``, the LMS, time zone and storage. Later checks need the names to be right."""
    problems: list[CheckMessage] = [*name_problems()]
    if not problems:
        providers = [*provider_problems()] or [*_calls()]
        problems = [*_durations(), *_site_url(), *_categories(), *providers, *_keys(), *_lms(), *_report_kinds()]
        problems += storage_problems()
    if not settings.USE_TZ:
        problems.append(err(7, "proctoring_results needs USE_TZ = True: moments are kept in UTC."))
    return problems


def name_problems() -> Iterator[CheckMessage]:
    values = getattr(settings, "PROCTORING_RESULTS", {})
    if not isinstance(values, Mapping):
        yield err(2, "PROCTORING_RESULTS must be a dictionary.")
        return
    types = get_type_hints(Conf)
    for name, value in values.items():
        if name not in SETTING_NAMES:
            yield err(
                1, f"PROCTORING_RESULTS[{name!r}] is not a setting.", f"Known: {', '.join(sorted(SETTING_NAMES))}."
            )
        elif not _fits(value, types[name]):
            detail = "" if name in SECRET else f": {value!r}"
            yield err(2, f"PROCTORING_RESULTS[{name!r}] has a wrong value{detail}.", f"It must be {types[name]}.")


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
        if isinstance(value, timedelta) and value <= timedelta(0) and field.name != "DECISION_UNDO_TIME":
            yield err(3, f"PROCTORING_RESULTS[{field.name!r}] must be longer than nothing.")
    if not timedelta(0) <= conf().DECISION_UNDO_TIME <= MAX_UNDO_TIME:
        yield err(3, "PROCTORING_RESULTS['DECISION_UNDO_TIME'] must be from nothing to one hour.")
    if conf().REDIRECT_TTL > MAX_REDIRECT_LIFETIME:
        yield err(3, f"PROCTORING_RESULTS['REDIRECT_TTL'] must be {MAX_REDIRECT_LIFETIME.seconds} seconds at most.")
    if conf().PAGE_SIZE < 1:
        yield err(3, "PROCTORING_RESULTS['PAGE_SIZE'] must be 1 at least.")
    if conf().MAX_MESSAGE_BYTES < 1:
        yield err(3, "PROCTORING_RESULTS['MAX_MESSAGE_BYTES'] must be 1 at least.")
    if not 0 <= conf().APPEAL_DAYS <= MAX_APPEAL_DAYS:
        yield err(3, f"PROCTORING_RESULTS['APPEAL_DAYS'] must be from 0 to {MAX_APPEAL_DAYS}.")
    if not 1 <= conf().APPEAL_ANSWER_DAYS <= MAX_APPEAL_DAYS:
        yield err(3, f"PROCTORING_RESULTS['APPEAL_ANSWER_DAYS'] must be from 1 to {MAX_APPEAL_DAYS}.")


def _site_url() -> Iterator[CheckMessage]:
    url = conf().SITE_URL
    parts = urlsplit(url)
    if url and (parts.scheme not in ("http", "https") or not parts.netloc or url != f"{parts.scheme}://{parts.netloc}"):
        yield err(
            16,
            f"PROCTORING_RESULTS['SITE_URL'] is no address of a site: {url!r}.",
            "It must be like https://lms.example, without a slash at the end and without a path: "
            "that of FORCE_SCRIPT_NAME and of the URLs is added to it.",
        )


def provider_problems() -> Iterator[CheckMessage]:
    types = get_type_hints(Policy)
    for provider, values in conf().PROVIDERS.items():
        if not isinstance(values, Mapping):
            yield err(4, f"PROCTORING_RESULTS['PROVIDERS'][{provider!r}] must be a dictionary.")
            continue
        own = _own_settings(provider)
        if own is None:
            yield err(
                4, f"PROCTORING_RESULTS['PROVIDERS'][{provider!r}]: 'class' names no child of providers.base.Provider."
            )
            continue
        for name, value in values.items():
            is_own = name in own and _is_own(value, own[name])
            if name == "class" or is_own or (name in HOSTS_KEYS and _are_hosts(value)):
                continue
            if name not in POLICY_KEYS or not _fits(value, types[name]):
                # Not the value of another key: that may be a secret, or one under a misspelt name.
                detail = f": {value!r}" if name in POLICY_KEYS else ""
                yield err(
                    4,
                    f"PROCTORING_RESULTS['PROVIDERS'][{provider!r}]: {name!r} is unknown or wrong{detail}.",
                    f"Known: {', '.join(sorted({*types, *own, *HOSTS_KEYS, 'class'}))}.",
                )


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


def _calls() -> Iterator[CheckMessage]:
    """Only once what ``PROVIDERS`` says has the right form."""
    for provider in known_providers():
        for problem in provider.problems():
            yield err(
                17,
                f"PROCTORING_RESULTS['PROVIDERS'][{provider.name!r}] cannot be used: {problem}",
                "See “Connect a provider” in the documentation.",
            )


def _keys() -> Iterator[CheckMessage]:
    wrong = [number for number, key in enumerate(conf().ENCRYPTION_KEYS, 1) if not crypto.is_key(key)]
    if wrong:
        yield err(
            15,
            f"PROCTORING_RESULTS['ENCRYPTION_KEYS']: not a key: number {', '.join(map(str, wrong))}.",
            "Make one: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'.",
        )


def _lms() -> Iterator[CheckMessage]:
    try:
        host = import_string(conf().LMS)()
    except (ImportError, TypeError) as error:
        yield err(5, f"PROCTORING_RESULTS['LMS'] names no class that can be made: {error}.")
        return
    if not isinstance(host, Lms):
        missing = [name for name in dir(Lms) if not name.startswith("_") and not hasattr(host, name)]
        yield err(5, f"{conf().LMS} does not fill in proctoring_results.lms.Lms: {', '.join(missing)}.")


def _report_kinds() -> Iterator[CheckMessage]:
    """Each class of ``REPORT_KINDS``: what is wrong with one would end each page that lists the kinds."""
    taken = {CASE_FILE, *(kind.name for kind in OWN_KINDS)}
    for path in conf().REPORT_KINDS:
        try:
            kind = import_string(path)
        except ImportError as error:
            problem = f"it cannot be imported: {error}"
        else:
            problem = _problem_of_kind(kind, taken)
            taken.add(getattr(kind, "name", ""))
        if problem:
            yield err(
                37,
                f"PROCTORING_RESULTS['REPORT_KINDS']: {path!r} is no kind of report: {problem}.",
                "See “Add a kind of report” in the documentation.",
            )


def _categories() -> Iterator[CheckMessage]:
    for key, label in conf().REASON_CATEGORIES.items():
        if not (isinstance(key, str) and KEY_OF_CATEGORY.fullmatch(key)):
            yield err(
                38,
                f"PROCTORING_RESULTS['REASON_CATEGORIES']: {key!r} is no key of a category.",
                "It has up to 64 letters, digits, _ and -, and begins with a letter or digit.",
            )
        elif not (isinstance(label, str | Promise) and str(label).strip()):
            yield err(38, f"PROCTORING_RESULTS['REASON_CATEGORIES'][{key!r}] must be what people read.")


def _problem_of_kind(kind: Any, taken: Set[str]) -> str:
    """Return what is wrong with the class, as the end of a sentence; nothing if it can be used."""
    if not (isinstance(kind, type) and issubclass(kind, Kind)):
        return "it does not inherit from proctoring_results.reports.kinds.base.Kind"
    missing = [name for name in ("name", "label", "noun", "description") if not getattr(kind, name, "")]
    if missing:
        return f"it lacks {', '.join(missing)}"
    if not NAME_OF_KIND.fullmatch(kind.name):
        return f"its name {kind.name!r} has other characters than letters, digits and _, or more than 64"
    if kind.name in taken:
        return f"another kind has the name {kind.name!r}"
    try:
        columns = kind().columns()
    except NotImplementedError:
        columns = ()
    return "" if columns else "it has no columns"
