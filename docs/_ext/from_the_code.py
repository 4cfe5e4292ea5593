"""Parts of the pages that are taken from the code while they are built, so that they cannot go stale.

``{setting} NAME``    type, default and meaning of a key of ``PROCTORING_RESULTS``
``{policy-fields}``   the same for what ``PROVIDERS`` may say of a provider
``{moves-table}``     the table of moves
``{moves-diagram}``   the same as a picture
"""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from transitions_diagram import svg

from proctoring_results.choices import EffectKind, Source
from proctoring_results.conf import CONTENT_SECURITY_POLICY, Conf
from proctoring_results.providers.policy import Policy
from proctoring_results.transitions import TRANSITIONS, Transition


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    type: str
    default: str
    meaning: str


def fields_of(cls: type) -> dict[str, Field]:
    """The fields of a dataclass as they stand in its source, with the comments above them."""
    source = inspect.getsource(cls)
    lines = source.splitlines()
    found = {}
    for node in ast.parse(source).body[0].body:  # type: ignore[attr-defined]
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        meaning: list[str] = []
        for line in reversed(lines[: node.lineno - 1]):
            if not line.strip().startswith("#"):
                break
            meaning.insert(0, line.strip("# "))
        found[node.target.id] = Field(
            node.target.id,
            ast.unparse(node.annotation),
            _default(node.value),
            re.sub(r"``(.+?)``", r"`\1`", " ".join(meaning)),
        )
    return found


def _default(value: ast.expr | None) -> str:
    text = ast.unparse(value) if value else ""
    return {
        "field(default_factory=dict)": "{}",
        "CONTENT_SECURITY_POLICY": repr(CONTENT_SECURITY_POLICY),
    }.get(text, text)


class Setting(SphinxDirective):
    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        known = fields_of(Conf)
        name = self.arguments[0]
        if name not in known:
            raise self.error(f"PROCTORING_RESULTS has no key {name}.")
        field = known[name]
        return self.parse_text_to_nodes(f"{field.meaning}\n\n- Type: `{field.type}`\n- Default: `{field.default}`\n")


class PolicyFields(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        rows = [
            f"| `{field.name}` | `{field.type}` | `{field.default}` | {field.meaning} |"
            for field in fields_of(Policy).values()
        ]
        return self.parse_text_to_nodes(
            "\n".join(["| key | type | default | meaning |", "| --- | --- | --- | --- |", *rows, ""])
        )


class MovesTable(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        rows = [
            f"| `{start}` | `{to}` | {_who(transition)} | {_condition(transition)} | {_effects(transition)} |"
            for (start, to), transition in TRANSITIONS.items()
        ]
        return self.parse_text_to_nodes(
            "\n".join(["| from | to | who may | only if | effects |", "| --- | --- | --- | --- | --- |", *rows, ""])
        )


def _who(transition: Transition) -> str:
    # In the order of the words themselves: a frozenset has none.
    return ", ".join(source.value for source in Source if source in transition.by)


def _condition(transition: Transition) -> str:
    return (transition.only_if.__doc__ or "").strip() if transition.only_if else ""


def _effects(transition: Transition) -> str:
    return ", ".join(kind.value for kind in EffectKind if kind in transition.effects)


class MovesDiagram(SphinxDirective):
    def run(self) -> list[nodes.Node]:
        drawn = svg([(start.value, to.value) for start, to in TRANSITIONS])
        return [nodes.raw("", drawn, format="html")]


def setup(app: Sphinx) -> dict[str, Any]:
    app.add_directive("setting", Setting)
    app.add_directive("policy-fields", PolicyFields)
    app.add_directive("moves-table", MovesTable)
    app.add_directive("moves-diagram", MovesDiagram)
    return {"parallel_read_safe": True}
