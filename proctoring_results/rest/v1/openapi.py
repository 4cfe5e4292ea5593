"""The OpenAPI schema of the API, and a page to read and try it: for hosts that install the extra ``openapi``.

    path("api/proctoring/v1/", include("proctoring_results.rest.v1.openapi"))

adds ``schema/`` and ``docs/``. ``INSTALLED_APPS`` needs ``drf_spectacular`` and ``drf_spectacular_sidecar``;
``SPECTACULAR_SETTINGS`` needs nothing: a host's own schema stays as it is.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any

from django.urls import path
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.generators import EndpointEnumerator, SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.views import APIView

from proctoring_results.rest import problem
from proctoring_results.rest.views import JSON

from .base import ApiView
from .operations import OPERATIONS, Answer, FileOf, Operation, PageOf, ProblemSerializer
from .params import StrictCharField

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
    503: "The database, or the storage of a file, is busy or does not answer: try again after `Retry-After`.",
}
EVERY_OPERATION = (400, 401, 403, 429, 503)

RETRY_AFTER = {"Retry-After": {"schema": {"type": "integer"}, "required": True, "description": "Seconds."}}
HEADERS = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}, "required": True, "description": "How to sign in."}},
    429: RETRY_AFTER,
    503: RETRY_AFTER,
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
    "POSTPROCESSING_HOOKS": [
        "proctoring_results.rest.v1.openapi.tidy",
        "proctoring_results.rest.v1.openapi.refuse_unknown_fields",
    ],
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

    def get_override_parameters(self) -> list[Any]:
        operation = self._operation
        parameters: list[Any] = [operation.query] if operation.query is not None else []
        if operation.located:
            parameters.append(
                OpenApiParameter(
                    "Location",
                    OpenApiTypes.URI,
                    OpenApiParameter.HEADER,
                    description="The address of the report, or of the schedule.",
                    required=True,
                    response=list(operation.located),
                )
            )
        return parameters

    def get_response_serializers(self) -> Any:
        return {_key(code, answer): _response(code, answer) for code, answer in self._operation.answers.items()}

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> dict[str, Any] | None:
        """Add the refusals, by reference: their description stands in the schema once."""
        operation = super().get_operation(path, path_regex, path_prefix, method, registry)
        if operation is not None:
            self.resolve_serializer(ProblemSerializer, "response")
            refusals = {str(code): {"$ref": f"#/components/responses/{_name(code)}"} for code in self._refuses()}
            operation["responses"] = dict(sorted({**refusals, **operation["responses"]}.items()))
        return operation

    def _refuses(self) -> set[int]:
        operation = self._operation
        implied = ({404} if "{" in self.path else set()) | ({413, 415} if operation.body else set())
        return {*EVERY_OPERATION, *operation.refuses, *implied}


class StrictText(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # spectacular registers it
    """Describe what ``StrictCharField`` refuses."""

    target_class = StrictCharField
    match_subclasses = True

    def map_serializer_field(self, auto_schema: AutoSchema, direction: Any) -> dict[str, Any]:
        field = self.target
        length = {} if field.max_length is None else {"maxLength": field.max_length}
        return {"type": "string", "minLength": int(not field.allow_blank), "pattern": field.pattern, **length}


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


def refuse_unknown_fields(result: Any, **others: Any) -> Any:
    """Say of each object that is sent that it has no other fields."""
    schemas = result["components"]["schemas"]
    operations = (operation for path in result["paths"].values() for operation in path.values())
    for name in _components_in([operation.get("requestBody") for operation in operations], schemas):
        schemas[name]["additionalProperties"] = False
    return result


def _components_in(part: Any, schemas: Any) -> Iterator[str]:
    """Yield the names of the schemas that a part of the document refers to, at any depth."""
    if isinstance(part, dict) and "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        yield name
        yield from _components_in(schemas[name], schemas)
    elif isinstance(part, (dict, list)):
        for value in part.values() if isinstance(part, dict) else part:
            yield from _components_in(value, schemas)


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
        view.schema = Schema()
        return view


class SchemaView(SpectacularAPIView):
    generator_class = Generator
    custom_settings = SETTINGS


class DocsView(SpectacularSwaggerSplitView):
    """Show the schema. The template takes all files from the sidecar, and has no inline script or style."""

    url_name = "proctoring_openapi:schema"
    title = "REST API"
    template_name = "proctoring_results/api_docs.html"


app_name = "proctoring_openapi"

urlpatterns = [
    path("schema/", SchemaView.as_view(), name="schema"),
    path("docs/", DocsView.as_view(), name="docs"),
]
