"""Bodies that are as they should be but for one thing: each field of a schema, and each way to have it wrong.

``nearly_right(body, fields)`` goes through them in a fixed order. What Python would not write (a key twice, NaN, half a
text) is written by hand.
"""

import json
from collections.abc import Iterator
from typing import Any

Path = tuple[str | int, ...]

MISSING = object()
MARK = '"@here@"'


def _deep(levels: int) -> str:
    return "[" * levels + "]" * levels


# What stands in a field's place, as JSON; where it is meant for texts, numbers or lists is for the endpoint to decide.
WRONG: dict[str, str] = {
    "null": "null",
    "true": "true",
    "false": "false",
    "zero": "0",
    "one": "1",
    "minus one": "-1",
    "a fraction": "0.5",
    "minus zero": "-0.0",
    "a tiny number": "5e-324",
    "the largest float": "1.7976931348623157e308",
    "beyond floats": "1e309",
    "as far below": "-1e309",
    "an integer of 301 digits": "1" * 301,
    "an integer of 5,000 digits": "9" * 5_000,
    "an integer of 20 digits": "9" * 20,
    "NaN": "NaN",
    "Infinity": "Infinity",
    "no text": '""',
    "a space": '" "',
    "a line break": '"\\r\\n"',
    "a number as text": '"1"',
    "NUL": '"a\\u0000b"',
    "a lone surrogate": '"\\ud800"',
    "another": '"\\udfff\\ud800"',
    "a pair of surrogates": '"\\ud83d\\ude00"',
    "letters of many scripts": json.dumps("ÅΩعربי日本語﷽ʼn", ensure_ascii=False),
    "what a spreadsheet runs": '"=HYPERLINK(1)"',
    "markup": '"<script>alert(1)</script>"',
    "a template": '"{{ settings.SECRET_KEY }} %(x)s {0}"',
    "SQL": '"\'; DROP TABLE x; -- %s"',
    "64 letters": json.dumps("x" * 64),
    "256 letters": json.dumps("x" * 256),
    "4,097 letters": json.dumps("x" * 4_097),
    "32,769 letters": json.dumps("x" * 32_769),
    "another case": '"PASSED"',
    "another protocol's word": '"Clean"',
    "an unknown word": '"maybe"',
    "an empty list": "[]",
    "a list of nothing": "[null]",
    "a list of text": '["x"]',
    "a list of lists": "[[]]",
    "a list of objects": "[{}]",
    "1,001 objects": "[" + ",".join(["{}"] * 1_001) + "]",
    "an empty object": "{}",
    "an object": '{"x": 1}',
    "an object with an odd key": '{"\\u0000": 1}',
    "another odd key": '{"\\ud800": 1}',
    "a key twice": '{"x": 1, "x": 2}',
    "30 levels": _deep(30),
    "50,000 levels": _deep(50_000),
    "no JSON": "undefined",
    "text without its end": '"x',
    "a hexadecimal number": "0x1F",
    "a number with a plus": "+1",
    "a comma too many": "[1,]",
    "a comment": "/* x */ 1",
}


def nearly_right(body: Any, fields: list[Path]) -> Iterator[tuple[str, bytes]]:
    """What is wrong, and the body."""
    yield "nothing", json.dumps(body).encode()
    for path in fields:
        place = ".".join(map(str, path)) or "body"
        if path:
            yield f"{place}: missing", _with(body, path, MISSING).encode()
            yield f"{place}: twice", _twice(body, path).encode()
            yield f"{place}: under another name", _renamed(body, path).encode()
        for name, wrong in WRONG.items():
            text = _with(body, path, "@here@") if path else MARK
            yield f"{place}: {name}", text.replace(MARK, wrong, 1).encode(errors="surrogatepass")


def _with(body: Any, path: Path, value: Any) -> str:
    changed = json.loads(json.dumps(body))  # nothing of it in two places
    holder = _holder(changed, path)
    if value is MISSING:
        del holder[path[-1]]
    else:
        holder[path[-1]] = value
    return json.dumps(changed)


def _twice(body: Any, path: Path) -> str:
    """The same key a second time, or the same entry."""
    marked = _with(body, path, "@here@")
    once = json.dumps(_holder(body, path)[path[-1]])
    again = once if isinstance(path[-1], int) else f"{json.dumps(path[-1])}: {once}"
    return marked.replace(MARK, f"{once}, {again}", 1)


def _renamed(body: Any, path: Path) -> str:
    if isinstance(path[-1], int):
        return _with(body, path, MISSING)
    changed = json.loads(json.dumps(body))  # nothing of it in two places
    holder = _holder(changed, path)
    holder[path[-1].upper()] = holder.pop(path[-1])
    return json.dumps(changed)


def _holder(body: Any, path: Path) -> Any:
    for step in path[:-1]:
        body = body[step]
    return body


def fields_of(body: Any, above: Path = ()) -> list[Path]:
    """Every place in a body, the whole of it first."""
    inner: list[tuple[str | int, Any]] = []
    if isinstance(body, dict):
        inner = list(body.items())
    elif isinstance(body, list):
        inner = list(enumerate(body))
    return [above, *(path for step, value in inner for path in fields_of(value, (*above, step)))]
