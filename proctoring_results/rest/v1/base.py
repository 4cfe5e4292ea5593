"""The base of every resource: who calls, with which parameters, and in which course."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.utils.translation import gettext as _
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer

from proctoring_results import permissions
from proctoring_results.exceptions import InvalidInput, NotFound
from proctoring_results.queries.lookups import get_attempt
from proctoring_results.rest.json_body import printable_name, read_object
from proctoring_results.rest.views import JsonView
from proctoring_results.rules import has_result
from proctoring_results.throttles import CallsThrottle
from proctoring_results.validation import clean_key

from .params import validate

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ExamAttempt


class ApiView(JsonView):
    """A resource for people and programs, signed in by the host's own authentication classes.

    The first line of a method's docstring is its summary in the schema.
    """

    permission_classes = [IsAuthenticated]
    throttle_classes = [CallsThrottle]
    # Whether a POST only reads, like a search: a host may allow it to people who may change nothing.
    only_reads = False

    @property
    def caller(self) -> AbstractBaseUser:
        # ``IsAuthenticated`` lets nobody else in.
        return cast("AbstractBaseUser", self.request.user)

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        self.require_json()
        super().initial(request, *args, **kwargs)

    def body(self, serializer: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """Return the validated body. Raise ``MessageTooLarge`` or ``InvalidInput``, for a query as well."""
        for name in self.request.query_params:
            raise InvalidInput(printable_name(name), _("belongs in the body."))
        return validate(serializer, read_object(self.raw_body()))

    def query(self, serializer: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """Return the validated query parameters. Raise ``InvalidInput``."""
        params = self.request.query_params
        for name in params:
            if len(params.getlist(name)) > 1:
                raise InvalidInput(printable_name(name), _("must be given once."))
        return validate(serializer, params.dict())

    def require(self, permission: str, course_id: str) -> None:
        """Raise ``AccessDenied`` unless the caller has the permission in this course."""
        permissions.require(self.caller, permission, course_id)

    def find_attempt(self, attempt_code: str) -> ExamAttempt:
        """Return the attempt. Raise ``NotFound`` if there is none, or none that the caller may view."""
        attempt = get_attempt(clean_key("attempt_code", attempt_code))
        may_view = permissions.may(self.caller, permissions.VIEW_SESSIONS, attempt.exam.course_id)
        if not (has_result(attempt) and may_view):
            raise NotFound("attempt", attempt_code)
        return attempt
