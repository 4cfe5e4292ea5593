"""Comments of incidents: a long one is folded."""

from __future__ import annotations

from dataclasses import dataclass

# About six lines of the column.
MAX_LINES = 6
MAX_LENGTH = 360  # characters


@dataclass(frozen=True, slots=True)
class Comment:
    """``rest`` is what is folded; empty if the comment is short."""

    beginning: str
    rest: str = ""


def folded(comment: str) -> Comment:
    """Cut after six lines, between words if there are any."""
    end = len("".join(comment.splitlines(keepends=True)[:MAX_LINES]))
    if end > MAX_LENGTH:
        end = max(comment.rfind(" ", 0, MAX_LENGTH), MAX_LENGTH // 2)
    beginning, rest = comment[:end], comment[end:]
    return Comment(beginning.rstrip(), rest.strip()) if rest.strip() else Comment(comment)
