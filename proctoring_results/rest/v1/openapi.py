"""The OpenAPI schema of the API, and a page to read and try it: for hosts that install the extra ``openapi``.

    path("api/proctoring/v1/", include("proctoring_results.rest.v1.openapi"))

adds ``schema/`` and ``docs/``. ``INSTALLED_APPS`` needs ``drf_spectacular`` and ``drf_spectacular_sidecar``;
``SPECTACULAR_SETTINGS`` needs nothing: a host's own schema stays as it is.
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
from .params import StrictCharField

JSON = "application/json"
NO_NUL = r"^[^\u0000]*$"

REFUSAL_DESCRIPTIONS = {
    400: "A parameter or field is wrong; `field` names it.",
    401: "Nobody is signed in.",
    403: "A permission is missing.",
    404: "There is none, or none that you may see.",
    409: "The state does not allow this.",
    410: "It has expired or was removed.",
    413: "The body is too large.",
    415: "The body is not JSON.",
    429: "Too many calls: wait for the seconds in `Retry-After`.",
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
        "description": description,
        **({"headers": HEADERS[code]} if code in HEADERS else {}),
        "content": {problem.CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    for code, description in REFUSAL_DESCRIPTIONS.items()
}

SETTINGS: dict[str, Any] = {
    "TITLE": "proctoring_results",
    "DESCRIPTION": (
        "Exams, attempts, decisions, numbers and reports of proctored exams. "
        "Every refusal is a problem of RFC 9457 with a stable `code`."
    ),
    "VERSION": "1",
    # Each enum stays where it is used: spectacular's names for them would change with the next enum.
    "POSTPROCESSING_HOOKS": ["proctoring_results.rest.v1.openapi.tidy"],
    "APPEND_COMPONENTS": {"responses": REFUSALS},
}


class Schema(AutoSchema):
    """Describe an operation by the table of operations and the docstring of its method."""

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

    def get_description(self) -> str:  # type: ignore[override]  # spectacular returns None, too
        return self._doc().partition("\n\n")[2]

    def _doc(self) -> str:
        return inspect.getdoc(self._handler) or ""

    def get_request_serializer(self) -> Any:
        body = self._operation.body
        return {JSON: body} if body is not None else None

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        mapped: dict[str, Any] = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        # Unknown fields are refused.
        return {**mapped, "additionalProperties": False} if direction == "request" else mapped

    def _map_serializer_field(self, field: Any, direction: Any, bypass_extensions: bool = False) -> Any:
        mapped = super()._map_serializer_field(field, direction, bypass_extensions)  # type: ignore[no-untyped-call]
        if not isinstance(field, StrictCharField):
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
                    description="The address of the report.",
                    required=True,
                    response=list(operation.located),
                )
            )
        return parameters

    def get_response_serializers(self) -> Any:
        return {_key(code, answer): _response(code, answer) for code, answer in self._operation.answers.items()}

    def _get_response_bodies(self, direction: Any = "response") -> dict[str, Any]:
        """Add the refusals, by reference: their description stands in the schema once."""
        bodies = super()._get_response_bodies(direction)
        self.resolve_serializer(ProblemSerializer, "response")
        refusals = {str(code): {"$ref": f"#/components/responses/{_name(code)}"} for code in self._refuses()}
        return dict(sorted({**refusals, **bodies}.items()))

    def _refuses(self) -> set[int]:
        operation = self._operation
        implied = ({404} if "{" in self.path else set()) | ({413, 415} if operation.body else set())
        return {*EVERY_OPERATION, *operation.refuses, *implied}


def _key(code: int, answer: Answer) -> tuple[int, str]:
    if isinstance(answer, FileOf):
        return code, answer.media_type
    return code, JSON if code < HTTPStatus.BAD_REQUEST else problem.CONTENT_TYPE


def _response(code: int, answer: Answer) -> Any:
    match answer:
        case FileOf():
            return OpenApiResponse(OpenApiTypes.BINARY, "The file.")
        case PageOf(row=row):
            return OpenApiResponse(_page(row), "A page.")
        case None:
            return OpenApiResponse(None, "A redirect.")
    descriptions = {201: "Created.", 202: "Accepted.", **REFUSAL_DESCRIPTIONS}
    return OpenApiResponse(answer, descriptions.get(code, "OK."))


_pages: dict[type, type] = {}


def _page(row: type[serializers.BaseSerializer[Any]]) -> Any:
    fields = {
        "results": row(many=True),
        "next_cursor": serializers.CharField(allow_null=True, help_text="`cursor` of the next page; null on the last."),
    }
    name = f"PageOf{row.__name__}"
    return _pages.setdefault(row, type(name, (serializers.Serializer,), fields))


def tidy(result: Any, **others: Any) -> Any:
    """Remove the marks of spectacular's hook for enums, and add null to the values of nullable enums."""
    if isinstance(result, list):
        return [tidy(value) for value in result]
    if not isinstance(result, dict):
        return result
    tidied = {key: tidy(value) for key, value in result.items() if key != "x-spec-enum-id"}
    if tidied.get("nullable") is True and None not in tidied.get("enum", [None]):
        tidied["enum"] = [*tidied["enum"], None]
    return tidied


class OursOnly(EndpointEnumerator):
    def should_include_endpoint(self, path: str, callback: Any) -> bool:
        return issubclass(getattr(callback, "cls", APIView), ApiView)


class Generator(SchemaGenerator):
    """Describe this API alone, whatever other APIs the host has."""

    endpoint_inspector_cls = OursOnly

    def create_view(self, callback: Any, method: str, request: Any = None) -> Any:
        view = super().create_view(callback, method, request)  # type: ignore[no-untyped-call]
        self._set_schema_to_view(view, Schema())  # type: ignore[no-untyped-call]
        return view


class SchemaView(SpectacularAPIView):
    generator_class = Generator
    custom_settings = SETTINGS


class DocsView(SpectacularSwaggerSplitView):
    """Serve all files from the sidecar, and no inline script or style: the page works under a strict policy."""

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
