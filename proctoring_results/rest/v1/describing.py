"""What an operation takes and answers, said beside it, in no one's format: ``openapi.py`` turns it into OpenAPI."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from rest_framework.serializers import BaseSerializer

MethodT = TypeVar("MethodT", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class PageOf:
    """A page of a list, with the way to the next."""

    row: type[BaseSerializer[Any]]


@dataclass(frozen=True, slots=True)
class FileOf:
    """Bytes of this media type."""

    media_type: str


Answer = type[BaseSerializer[Any]] | PageOf | FileOf | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    # By status; None has no body.
    answers: Mapping[int, Answer] = field(default_factory=dict)
    takes: type[BaseSerializer[Any]] | None = None
    # Names of what stands behind the question mark, each a serializer's field.
    query: type[BaseSerializer[Any]] | None = None
    # Refusals of its own, beside those that every operation has.
    refuses: tuple[int, ...] = ()
    # Answers that carry ``Location``.
    located: tuple[int, ...] = ()


def describe(**what: Any) -> Callable[[MethodT], MethodT]:
    """Keep the description on the method. The docstring's first line is its summary."""

    def keep(method: MethodT) -> MethodT:
        method.described = Description(**what)  # type: ignore[attr-defined]
        return method

    return keep


def description_of(method: Callable[..., Any]) -> Description:
    described = getattr(method, "described", Description())
    assert isinstance(described, Description)  # noqa: S101 - for the type checker
    return described
