"""From the bytes that a provider has sent to JSON that we can keep, or a refusal that names the field."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.parsers import BaseParser

from proctoring_results.conf import conf
from proctoring_results.exceptions import InvalidInput, MessageTooLarge
from proctoring_results.validation import unstorable_in

# MariaDB's JSON ends at 32.
MAX_DEPTH = 20
# What a float can hold.
MAX_DIGITS = 300  # digits
MAX_FIELD_LENGTH = 200  # characters of a field's name in an answer

BODY = "body"


class RawBody(BaseParser):
    """``request.data`` is the bytes as they came: nothing is parsed before the caller is known."""

    media_type = "*/*"

    def parse(  # type: ignore[override]  # DRF hands on whatever comes
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> bytes:
        """Raises ``MessageTooLarge`` without reading more than that."""
        most = conf().MAX_MESSAGE_BYTES
        parts, size = [], 0
        while part := stream.read(min(64 * 1024, most + 1 - size)):
            parts.append(part)
            size += len(part)
            if size > most:
                raise MessageTooLarge(most)
        return b"".join(parts)


def read_object(raw: bytes) -> dict[str, Any]:
    """The JSON object. Raises ``InvalidInput`` for anything that is none, or that a database would refuse."""
    try:
        value = json.loads(
            raw.decode(),
            object_pairs_hook=_object,
            parse_constant=_no_number,
            parse_float=_float,
            parse_int=_int,
        )
    except UnicodeDecodeError:
        raise InvalidInput(BODY, "must be UTF-8.") from None
    except RecursionError:
        raise InvalidInput(BODY, f"must have at most {MAX_DEPTH} levels.") from None
    except ValueError:
        raise InvalidInput(BODY, "must be JSON.") from None
    if not isinstance(value, dict):
        raise InvalidInput(BODY, "must be a JSON object.")
    _check(value, "", 1)
    return value


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise InvalidInput(_shown(key), "must be given once.")
            seen.add(key)
    return found


def _no_number(word: str) -> float:
    raise InvalidInput(BODY, f"must not contain {word}.")


def _float(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise InvalidInput(BODY, "must not contain numbers that are too large.")
    return value


def _int(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise InvalidInput(BODY, f"must not contain numbers of more than {MAX_DIGITS} digits.")
    return int(digits)


def _check(value: object, place: str, level: int) -> None:
    """Raise ``InvalidInput`` for text that a database would refuse, and for too many levels."""
    if isinstance(value, str):
        _check_text(value, place or BODY, "contain")
    elif isinstance(value, dict | list):
        if level > MAX_DEPTH:
            raise InvalidInput(_shown(place), f"must have at most {MAX_DEPTH} levels.")
        if isinstance(value, dict):
            for key, item in value.items():
                _check_text(key, place or BODY, "have a key with")
                # Cut, for it is made for every value: a long key must not be copied a hundred thousand times.
                _check(item, (f"{place}.{key}" if place else key)[: MAX_FIELD_LENGTH + 1], level + 1)
        else:
            for number, item in enumerate(value):
                _check(item, f"{place}[{number}]", level + 1)


def _check_text(text: str, place: str, contain: str) -> None:
    if unstorable := unstorable_in(text):
        raise InvalidInput(_shown(place), f"must not {contain} {unstorable}.")


def _shown(field: str) -> str:
    """A name that a provider gave, fit for an answer."""
    kept = field.encode(errors="backslashreplace").decode()
    return kept if len(kept) <= MAX_FIELD_LENGTH else f"{kept[:MAX_FIELD_LENGTH]}…"
