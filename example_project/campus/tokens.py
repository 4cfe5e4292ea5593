"""Who calls the REST APIs: programs by a token, and the pages of the LMS by the session of the person.

Programs sign in by OAuth 2, client credentials; a token stands for the account that owns the application.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Model
from oauth2_provider.contrib.rest_framework import OAuth2Authentication
from oauth2_provider.models import get_access_token_model, get_application_model
from oauth2_provider.oauth2_validators import OAuth2Validator
from rest_framework import authentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from .backends import remember_provider
from .viewing import READ_ONLY, current

# The token, its application, the owner of that, and for which provider the owner speaks: every call of a service begins
# here. In our own words, because Django takes longer to word these joins than the rest of a sign-in takes.
FIND = """
    SELECT token.id, token.user_id, token.expires, token.scope, token.resource, token.application_id,
        application.client_id, owner.id AS owner_id, owner.username, owner.is_active, owner.is_staff,
        owner.is_superuser, account.provider
    FROM oauth2_provider_accesstoken token
    JOIN oauth2_provider_application application ON application.id = token.application_id
    LEFT JOIN auth_user owner ON owner.id = application.user_id
    LEFT JOIN campus_provideraccount account ON account.user_id = owner.id
    WHERE token.token_checksum = %s
"""
# Field → column of it.
OF_APPLICATION = {"id": "application_id", "client_id": "client_id", "user_id": "owner_id"}
OF_OWNER = {"id": "owner_id", **{name: name for name in ("username", "is_active", "is_staff", "is_superuser")}}


class Validator(OAuth2Validator):  # type: ignore[misc]  # it has no types
    def validate_bearer_token(self, token: str, scopes: list[str], request: Any) -> bool:
        is_valid: bool = super().validate_bearer_token(token, scopes, request)
        if is_valid and request.user is None:
            # The token of client credentials belongs to nobody but the application.
            owner = request.client.user
            if owner is None or not owner.is_active:
                return False
            request.user = owner
        return is_valid

    def _load_access_token(self, token: str) -> Any:
        """With its application and the owner of that; of each no more than is asked."""
        tokens = get_access_token_model().objects
        for found in tokens.raw(FIND, [sha256(token.encode()).hexdigest()]):
            found.application = _part(get_application_model(), OF_APPLICATION, found)
            if found.owner_id is not None:
                found.application.user = _part(get_user_model(), OF_OWNER, found)
                remember_provider(found.application.user, found.provider)
            return found
        return None


def _part(model: type[Model], columns: Mapping[str, str], row: Any) -> Any:
    """An object with these fields of it; the others are read when they are asked for."""
    # Django takes the values in the order of the model's fields.
    fields = [field.attname for field in model._meta.concrete_fields if field.attname in columns]
    return model.from_db(row._state.db, fields, [getattr(row, columns[field]) for field in fields])


class TokenAuthentication(OAuth2Authentication):  # type: ignore[misc]
    """``Authorization: Bearer …``, and ``JWT …`` as proctoring services write it."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() not in ("jwt", "bearer"):
            return None
        request.META["HTTP_AUTHORIZATION"] = f"Bearer {token.strip()}"
        # Django's request, not DRF's: the toolkit looks for a form in it, and must not read the body for that.
        found: tuple[Any, Any] | None = super().authenticate(request._request)
        return found


class SessionAuthentication(authentication.SessionAuthentication):
    """Who views a course as a learner changes nothing meanwhile."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        found: tuple[Any, Any] | None = super().authenticate(request)
        only_reads = getattr(request.parser_context["view"], "only_reads", False)
        if found and request.method not in SAFE_METHODS and not only_reads and current(request._request):
            raise PermissionDenied(READ_ONLY)
        return found
