"""Who calls the REST APIs: programs by a token, and the pages of the LMS by the session of the person.

Programs sign in by OAuth 2, client credentials; a token stands for the account that owns the application.
"""

import hashlib
from typing import Any

from oauth2_provider.contrib.rest_framework import OAuth2Authentication
from oauth2_provider.models import get_access_token_model
from oauth2_provider.oauth2_validators import OAuth2Validator
from rest_framework import authentication
from rest_framework.exceptions import PermissionDenied
from rest_framework.permissions import SAFE_METHODS
from rest_framework.request import Request

from .viewing import READ_ONLY, current

OWNER = ("username", "is_active", "is_staff", "is_superuser")
LOOKED_AT = (
    *("user", "expires", "scope", "resource", "application__client_id"),
    *(f"application__user__{field}" for field in OWNER),
)


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
        """With the owner of its application, and of each row no more than is asked: every call begins here."""
        found = get_access_token_model().objects.select_related("application__user").only(*LOOKED_AT)
        return found.filter(token_checksum=hashlib.sha256(token.encode()).hexdigest()).first()


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
        only_looks = getattr(request.parser_context["view"], "only_looks", False)
        if found and request.method not in SAFE_METHODS and not only_looks and current(request._request):
            raise PermissionDenied(READ_ONLY)
        return found
