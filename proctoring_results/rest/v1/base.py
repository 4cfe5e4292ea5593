"""What the resources have in common: who comes in, what was asked, and in which course."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from rest_framework.exceptions import UnsupportedMediaType
from rest_framework.permissions import IsAuthenticated
from rest_framework.serializers import BaseSerializer

from proctoring_results import api, permissions
from proctoring_results.rest.json_body import read_object
from proctoring_results.rest.views import JsonView
from proctoring_results.rules import exam_has_result
from proctoring_results.throttles import CallsThrottle
from proctoring_results.validation import clean_key

from .params import asked, shown_name

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

    from proctoring_results.models import ExamAttempt

JSON = "application/json"


class ApiView(JsonView):
    """A resource for people and programs that the host's own authentication classes have signed in.

    The first line of a method's docstring is its summary in the schema.
    """

    permission_classes = [IsAuthenticated]
    throttle_classes = [CallsThrottle]
    # Whether a POST only looks, like a search: it may be done where nothing may be changed.
    only_looks = False

    @property
    def caller(self) -> AbstractBaseUser:
        """Who is signed in: nobody else comes so far."""
        return cast("AbstractBaseUser", self.request.user)

    def read(self) -> dict[str, Any]:
        """The JSON object of the body. Raises ``UnsupportedMediaType``, ``MessageTooLarge`` and ``InvalidInput``."""
        content_type = self.request.META.get("CONTENT_TYPE", "").partition(";")[0].strip().lower()
        if content_type != JSON:
            raise UnsupportedMediaType(content_type or "none", f'Unsupported media type; "{JSON}" is needed.')
        return read_object(self.raw_body())

    def body(self, serializer: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """What the body says, as the serializer reads it. Raises ``InvalidInput`` that names the field."""
        for name in self.request.query_params:
            raise api.InvalidInput(shown_name(name), "belongs into the body.")
        return asked(serializer, self.read())

    def query(self, serializer: type[BaseSerializer[Any]]) -> dict[str, Any]:
        """What stands behind the question mark. Raises ``InvalidInput`` that names the parameter."""
        given = self.request.query_params
        for name in given:
            if len(given.getlist(name)) > 1:
                raise api.InvalidInput(shown_name(name), "must be given once.")
        return asked(serializer, given.dict())

    def require(self, permission: str, course_id: str) -> None:
        """For a course that the caller has named. Raises ``AccessDenied``."""
        permissions.require(self.caller, permission, course_id)

    def find_attempt(self, attempt_code: str) -> ExamAttempt:
        """An attempt that the caller may look at. Of another course there is none: raises ``NotFound``."""
        attempt = api.get_attempt(clean_key("attempt_code", attempt_code))
        if not exam_has_result(attempt.exam) or not permissions.may(
            self.caller, permissions.VIEW_SESSIONS, attempt.exam.course_id
        ):
            raise api.NotFound("attempt", attempt_code)
        return attempt
