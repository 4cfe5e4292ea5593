"""The schema is valid OpenAPI and complete, and the docs have the same one."""

from pathlib import Path

import pytest
import yaml
from django.core.management import call_command
from django.test import Client
from django.urls import get_resolver
from openapi_spec_validator import validate

from proctoring_results.rest.problem import CONTENT_TYPE

DOCS = Path(__file__).resolve().parents[2] / "docs" / "reference" / "openapi.yaml"
V1 = "/api/proctoring/v1/"


@pytest.fixture(scope="module")
def schema_file(tmp_path_factory) -> Path:
    """Return the schema as ``make openapi`` writes it. A warning is a failure."""
    file = tmp_path_factory.mktemp("openapi") / "openapi.yaml"
    openapi = "proctoring_results.rest.v1.openapi"
    classes = {"generator_class": f"{openapi}.Generator", "custom_settings": f"{openapi}.SETTINGS"}
    call_command("spectacular", **classes, file=str(file), validate=True, fail_on_warn=True)
    return file


@pytest.fixture(scope="module")
def schema(schema_file):
    return yaml.safe_load(schema_file.read_text())


def operations(schema):
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    ]


def test_the_schema_in_the_docs_is_the_one_of_the_code(schema_file):
    assert DOCS.read_text() == schema_file.read_text(), "Run make openapi, and commit docs/reference/openapi.yaml."


def test_the_schema_is_openapi(schema):
    validate(schema)


def test_the_schema_contains_every_url_of_the_api(schema):
    ours = get_resolver().reverse_dict
    named = {
        "/" + pattern.replace("%(", "{").replace(")s", "}")
        for name in ours
        for possibilities in [ours.getlist(name)]
        for possibility in possibilities
        for pattern, _ in possibility[0]
    }
    assert {address for address in named if address.startswith(V1)} <= set(schema["paths"])


def test_every_operation_has_a_summary_and_a_successful_response(schema):
    assert len(operations(schema)) >= 8
    incomplete = [
        name for name, operation in operations(schema) if not operation.get("summary") or not successes(operation)
    ]
    assert incomplete == []


def successes(operation):
    return [code for code in operation["responses"] if code < "400"]


def test_every_operation_has_the_common_error_responses(schema):
    common = {"400", "401", "403", "429", "503"}
    assert [name for name, operation in operations(schema) if not common <= operation["responses"].keys()] == []


def test_every_error_response_is_a_problem_document(schema):
    for refusal in schema["components"]["responses"].values():
        assert list(refusal["content"]) == [CONTENT_TYPE]
    for name, operation in operations(schema):
        refusals = [response for code, response in operation["responses"].items() if code >= "400"]
        assert all("$ref" in response or list(response["content"]) == [CONTENT_TYPE] for response in refusals), name


def test_who_is_told_to_try_again_is_told_when(schema):
    responses = schema["components"]["responses"]
    waiting = {name for name, response in responses.items() if "Retry-After" in response.get("headers", {})}
    assert waiting == {"TooManyRequests", "ServiceUnavailable"}


def test_names_of_operations_are_unique(schema):
    ids = [operation["operationId"] for _, operation in operations(schema)]
    assert len(set(ids)) == len(ids)


@pytest.mark.django_db
def test_the_site_serves_the_same_schema_and_a_page(schema):
    served = Client().get(f"{V1}schema/")
    assert yaml.safe_load(served.content) == schema
    page = Client().get(f"{V1}docs/")
    assert page.status_code == 200
    assert "<style" not in page.content.decode()
    assert "https://" not in page.content.decode()
