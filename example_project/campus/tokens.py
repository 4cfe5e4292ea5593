"""Sign-in of a proctoring service by an OAuth 2 client credentials token. Ready to copy into another project."""

from typing import Any

from oauth2_provider.contrib.rest_framework import OAuth2Authentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request


class TokenAuthentication(OAuth2Authentication):  # type: ignore[misc]  # it has no types
    """Accept ``Authorization: Bearer …``, and ``JWT …`` as proctoring services send it.

    A client credentials token belongs to no person. It represents the account that owns the application.
    """

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        scheme, _, token = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() not in ("jwt", "bearer"):
            return None
        request.META["HTTP_AUTHORIZATION"] = f"Bearer {token.strip()}"
        # Django's request, not DRF's: the toolkit would read the body of a DRF request while it looks for a form.
        credentials = super().authenticate(request._request)
        if credentials is None:
            return None
        user, access_token = credentials
        account = user or access_token.application.user
        if account is None or not account.is_active:
            raise AuthenticationFailed
        return account, access_token
