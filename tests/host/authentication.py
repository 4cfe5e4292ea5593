from django.contrib.auth import get_user_model
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed


class TokenAuthentication(BaseAuthentication):
    """``Authorization: Bearer <username>``."""

    def authenticate(self, request):
        scheme, _, username = get_authorization_header(request).decode(errors="replace").partition(" ")
        if scheme.lower() not in {"bearer", "jwt"}:
            return None
        user = get_user_model().objects.filter(username=username, is_active=True).first()
        if user is None:
            raise AuthenticationFailed
        return user, None

    def authenticate_header(self, request):
        return 'Bearer realm="tests"'
