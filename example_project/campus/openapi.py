"""How clients sign in, for the schema of the REST API."""

from __future__ import annotations

from drf_spectacular.authentication import SessionScheme
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = "example_project.campus.tokens.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token from /oauth2/access_token, by client credentials.",
        }


class CampusSessionScheme(SessionScheme):  # type: ignore[no-untyped-call]
    target_class = "example_project.campus.viewing.SessionAuthentication"
