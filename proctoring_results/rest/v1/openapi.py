"""The API in OpenAPI's words, and a page to read and try it: for hosts that install the extra ``openapi``.

    path("api/proctoring/v1/", include("proctoring_results.rest.v1.openapi"))

gives ``schema/`` and ``docs/``. Needs ``drf_spectacular`` and ``drf_spectacular_sidecar`` in ``INSTALLED_APPS``, and
nothing in ``SPECTACULAR_SETTINGS``: a host's own schema stays as it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from django.templatetags.static import static
from django.urls import path
from drf_spectacular.generators import EndpointEnumerator, SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.views import APIView

from proctoring_results.rest import problem

from .base import ApiView
from .operations import OPERATIONS, Answer, FileOf, Operation, PageOf, ProblemSerializer
from .params import Text

JSON = "application/json"
NO_NUL = r"^[^\u0000]*$"

WHY = {
    400: "Something in it cannot be understood; `field` names it.",
    401: "Nobody is signed in.",
    403: "The permission is missing.",
    404: "There is no such thing, or none that you may see.",
    409: "It is not in the state for that.",
    410: "It was there, and is gone.",
    413: "The body is too long.",
    415: "The body is no JSON.",
    429: "Too often: wait as long as `Retry-After` says.",
}
EVERY_OPERATION = (400, 401, 403, 429)


HEADERS = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "required": True, "description": "How to sign in."}},
    429: {"Retry-After": {"schema": {"type": "integer"}, "required": True, "description": "Seconds."}},
}


def _name(code: int) -> str:
    return problem.TITLES[code].replace(" ", "")


REFUSALS = {
    _name(code): {
        "description": meaning,
        **({"headers": HEADERS[code]} if code in HEADERS else {}),
        "content": {problem.CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for code, meaning in WHY.items()
}

SETTINGS: dict[str, Any] = {
    "TITLE": "proctoring_results",
    "DESCRIPTION": (
        "Exams, attempts, decisions, numbers and reports of proctored exams. "
        "Every refusal is a problem of RFC 9457 with a stable `code`."
    ),
    "VERSION": "1",
    # Each enum stays where it is used: names made up for them would change with the next one.
    "POSTPROCESSING_HOOKS": ["proctoring_results.rest.v1.openapi.tidy"],
    "APPEND_COMPONENTS": {"responses": REFUSALS},
}


class Schema(AutoSchema):
    """Reads the table of operations, and the docstrings of the methods."""

    @property
    def _handler(self) -> Callable[..., Any]:
        handler: Callable[..., Any] = getattr(self.view, self.method.lower())
        return handler

    @property
    def _operation(self) -> Operation:
        view: Any = type(self.view)
        return OPERATIONS[view, self.method]

    def get_operation_id(self) -> str:
        parts = [part.strip("{}") for part in self._below_v1()]
        return "_".join([self.method.lower(), *parts])

    def get_tags(self) -> list[str]:
        return [self._below_v1()[0]]

    def _below_v1(self) -> list[str]:
        return [part.replace("-", "_") for part in self.path.partition("/v1/")[2].split("/") if part]

    def get_summary(self) -> str | None:
        return self._doc().partition("\n\n")[0].replace("\n", " ") or None

    def get_description(self) -> str:  # type: ignore[override]  # as spectacular has it
        return self._doc().partition("\n\n")[2]

    def _doc(self) -> str:
        return inspect.getdoc(self._handler) or ""

    def get_request_serializer(self) -> Any:
        body = self._operation.body
        return {JSON: body} if body is not None else None

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        mapped: dict[str, Any] = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        # What is not known is refused.
        return {**mapped, "additionalProperties": False} if direction == "request" else mapped

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        mapped = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        if not isinstance(field, Text):
            return mapped
        return {**mapped, "minLength": int(not field.allow_blank), "pattern": NO_NUL}

    def get_override_parameters(self) -> list[Any]:
        operation = self._operation
        parameters: list[Any] = [operation.query] if operation.query is not None else []
        if operation.located:
            parameters.append(
                OpenApiParameter(
                    "Location",
                    OpenApiTypes.URI,
                    OpenApiParameter.HEADER,
                    description="Where to look from now on.",
                    required=True,
                    response=list(operation.located),
                )
            )
        return parameters

    def get_response_serializers(self) -> Any:
        return {_key(code, answer): _said(code, answer) for code, answer in self._operation.answers.items()}

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        """The refusals stand in one place: each operation only names them."""
        bodies = super()._get_response_bodies(direction)
        self.resolve_serializer(ProblemSerializer, "response")
        refusals = {str(code): {"$ref": f"#/components/responses/{_name(code)}"} for code in self._refuses()}
        return dict(sorted({**refusals, **bodies}.items()))

    def _refuses(self) -> set[int]:
        operation = self._operation
        of_its_form = ({404} if "{" in self.path else set()) | ({413, 415} if operation.body else set())
        return {*EVERY_OPERATION, *operation.refuses, *of_its_form}


def _key(code: int, answer: Answer) -> tuple[int, str]:
    if isinstance(answer, FileOf):
        return code, answer.media_type
    return code, JSON if code < HTTPStatus.BAD_REQUEST else problem.CONTENT_TYPE


def _said(code: int, answer: Answer) -> Any:
    match answer:
        case FileOf():
            return OpenApiResponse(OpenApiTypes.BINARY, "The file.")
        case PageOf(row=row):
            return OpenApiResponse(_page(row), "A page.")
        case None:
            return OpenApiResponse(None, "See the headers.")
    return OpenApiResponse(answer, {201: "Made.", 202: "Taken on."}.get(code) or WHY.get(code, "Done."))


_pages: dict[type, type] = {}


def _page(row: type[serializers.BaseSerializer[Any]]) -> Any:
    fields = {
        "results": row(many=True),
        "next_cursor": serializers.CharField(allow_null=True, help_text="`cursor` of the next page; null on the last."),
    }
    name = f"PageOf{row.__name__}"
    return _pages.setdefault(row, type(name, (serializers.Serializer,), fields))


def tidy(result: Any, **others: Any) -> Any:
    """Without the marks for the hook that would name enums; and null is a word of an enum that takes it."""
    if isinstance(result, list):
        return [tidy(value) for value in result]
    if not isinstance(result, dict):
        return result
    kept = {key: tidy(value) for key, value in result.items() if key != "x-spec-enum-id"}
    if kept.get("nullable") is True and None not in kept.get("enum", [None]):
        kept["enum"] = [*kept["enum"], None]
    return kept


class OursOnly(EndpointEnumerator):
    def should_include_endpoint(self, path: str, callback: Any) -> bool:
        return issubclass(getattr(callback, "cls", APIView), ApiView)


class Generator(SchemaGenerator):
    """Of this API alone, whatever else the host has."""

    endpoint_inspector_cls = OursOnly

    def create_view(self, callback: Any, method: str, request: Any = None) -> Any:
        view = super().create_view(callback, method, request)  # type: ignore[no-untyped-call]
        self._set_schema_to_view(view, Schema())  # type: ignore[no-untyped-call]
        return view


class SchemaView(SpectacularAPIView):
    generator_class = Generator
    custom_settings = SETTINGS


class DocsView(SpectacularSwaggerSplitView):
    """The files come from the sidecar, and no script or style stands in the page: a strict policy is enough."""

    url_name = "proctoring_openapi:schema"
    title = "REST API"
    template_name = "proctoring_results/api_docs.html"

    @staticmethod
    def _swagger_ui_resource(filename: str) -> str:
        return static(f"drf_spectacular_sidecar/swagger-ui-dist/{filename}")

    @staticmethod
    def _swagger_ui_favicon() -> str:
        return static("drf_spectacular_sidecar/swagger-ui-dist/favicon-32x32.png")


app_name = "proctoring_openapi"

urlpatterns = [
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(), name="docs"),
]
