"""From the bytes of a request to JSON that can be kept, or a refusal that names the field."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser

from proctoring_results.conf import conf
from proctoring_results.exceptions import InvalidInput, MessageTooLarge
from proctoring_results.validation import problem_of_text

# MariaDB takes JSON of at most 32 levels.
MAX_DEPTH = 20
# A float holds numbers of up to 308 digits.
MAX_DIGITS = 300
# Characters of a field's name in a refusal.
MAX_FIELD_LENGTH = 200

BODY = "body"


class RawBody(BaseParser):
    """Make ``request.data`` the bytes as they came: nothing is parsed before the caller is known."""

    media_type = "*/*"

    def parse(  # type: ignore[override]  # DRF passes on whatever a parser returns
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Return the body. Raise ``MessageTooLarge`` as soon as more than the limit was read."""
        max_bytes = conf().MAX_MESSAGE_BYTES
        parts, size = [], 0
        while part := stream.read(min(64 * 1024, max_bytes + 1 - size)):
            parts.append(part)
            size += len(part)
            if size > max_bytes:
                raise MessageTooLarge(max_bytes)
        return b"".join(parts)


def read_object(raw: bytes) -> dict[str, Any]:
    """Return the JSON object. Raise ``InvalidInput`` for any other body, and for one that a database would refuse."""
    try:
        value = json.loads(
            raw.decode(),
            object_pairs_hook=_object,
            parse_constant=_refuse_constant,
            parse_float=_float,
            parse_int=_int,
        )
    except UnicodeDecodeError:
        raise InvalidInput(BODY, _("must be UTF-8.")) from None
    except RecursionError:
        raise InvalidInput(BODY, _too_deep()) from None
    except ValueError:
        raise InvalidInput(BODY, _("must be JSON.")) from None
    if not isinstance(value, dict):
        raise InvalidInput(BODY, _("must be a JSON object."))
    _check(value, "", 1)
    return value


def printable_name(field: str) -> str:
    """Return a field's name as a refusal can repeat it: callers may send any text as a name."""
    name = field.encode(errors="backslashreplace").decode()
    return name if len(name) <= MAX_FIELD_LENGTH else f"{name[:MAX_FIELD_LENGTH]}…"


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        seen: set[str] = set()
        for key, _value in pairs:
            if key in seen:
                raise InvalidInput(printable_name(key), _("must be given once."))
            seen.add(key)
    return members


def _refuse_constant(name: str) -> float:
    """Raise ``InvalidInput`` for ``NaN`` and ``Infinity``, which Python reads although JSON has neither."""
    raise InvalidInput(BODY, _("must not contain %(name)s.") % {"name": name})


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise InvalidInput(BODY, _("must not contain numbers that are too large."))
    return value


def _int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise InvalidInput(BODY, _("must not contain numbers of more than %(digits)d digits.") % {"digits": MAX_DIGITS})
    return int(digits)


def _too_deep() -> str:
    return _("must have at most %(depth)d levels.") % {"depth": MAX_DEPTH}


def _check(value: object, path: str, level: int) -> None:
    """Raise ``InvalidInput`` for text that a database would refuse, and for too many levels."""
    if isinstance(value, str):
        _check_text(value, path or BODY)
    elif isinstance(value, dict | list):
        if level > MAX_DEPTH:
            raise InvalidInput(printable_name(path), _too_deep())
        if isinstance(value, dict):
            for key, item in value.items():
                _check_text(key, path or BODY)
                # Cut, because a path is made for each value: a long key must not be copied a hundred thousand times.
                _check(item, (f"{path}.{key}" if path else key)[: MAX_FIELD_LENGTH + 1], level + 1)
        else:
            for number, item in enumerate(value):
                _check(item, f"{path}[{number}]", level + 1)


def _check_text(text: str, path: str) -> None:
    if problem := problem_of_text(text):
        raise InvalidInput(printable_name(path), problem)
