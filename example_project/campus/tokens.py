"""How a proctoring service signs in: by a token of OAuth 2, client credentials. Ready to copy into another project."""

from typing import Any

from oauth2_provider.contrib.rest_framework import OAuth2Authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request


class TokenAuthentication(OAuth2Authentication):  # type: ignore[misc]  # it has no types
    """``Authorization: Bearer …``, and ``JWT …`` as proctoring services write it.

    A token of client credentials belongs to no person. It stands for the account that owns the application.
    """

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() not in ("jwt", "bearer"):
            return None
        request.META["HTTP_AUTHORIZATION"] = f"Bearer {token.strip()}"
        # Django's request, not DRF's: the toolkit looks for a form in it, and must not read the body for that.
        found = super().authenticate(request._request)
        if found is None:
            return None
        user, access_token = found
        account = user or access_token.application.user
        if account is None or not account.is_active:
            raise AuthenticationFailed
        return account, access_token
