"""What all operations have in common: JSON in, JSON out, refusals in one shape, lists page by page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.permissions import IsAuthenticated
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer, Serializer
from rest_framework.views import APIView

from proctoring_results.conf import conf
from proctoring_results.exceptions import InvalidInput
from proctoring_results.rest import errors
from proctoring_results.rest.bodies import RawBody, read_object
from proctoring_results.rest.doors import AlwaysJSON

if TYPE_CHECKING:
    from django.contrib.auth.base_user import AbstractBaseUser

ModelT = TypeVar("ModelT", bound=Model)


class Pages(CursorPagination):
    page_size_query_param = "page_size"
    max_page_size = 100

    def get_page_size(self, request: Request) -> int:
        return super().get_page_size(request) or conf().PAGE_SIZE


class ApiView(APIView):
    permission_classes = [IsAuthenticated]
    content_negotiation_class = AlwaysJSON
    renderer_classes = [JSONRenderer]
    parser_classes = [RawBody]
    throttle_classes = []
    versioning_class = None
    metadata_class = None

    @property
    def caller(self) -> AbstractBaseUser:
        """Who is signed in: nobody else comes so far."""
        return cast("AbstractBaseUser", self.request.user)

    def body(self, form: type[Serializer[Any]]) -> Mapping[str, Any]:
        """The JSON object that was sent, with no fields but the form's. The verbs look at the values.

        Raises ``InvalidInput`` and ``MessageTooLarge``.
        """
        data = self.request.data
        sent = read_object(data if isinstance(data, bytes) else b"")
        for name in sent:
            if name not in form().fields:
                raise InvalidInput(name, "is no field of this.")
        return sent

    def page(
        self, rows: QuerySet[ModelT], serializer: type[BaseSerializer[Any]], *, ordering: tuple[str, ...]
    ) -> Response:
        pages = Pages()
        pages.ordering = ordering
        try:
            listed = pages.paginate_queryset(rows, self.request, self)
        except (NotFound, ValidationError, ValueError, OverflowError):
            raise InvalidInput("cursor", "is none of ours.") from None
        return pages.get_paginated_response(serializer(listed, many=True).data)

    def handle_exception(self, exc: Exception) -> Response:
        asked = (authentication.authenticate_header(self.request) for authentication in self.get_authenticators())
        response = errors.answer(exc, next((header for header in asked if header), 'Bearer realm="proctoring"'))
        if response is None:
            raise exc
        response.exception = True
        return response

    def finalize_response(self, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        done = super().finalize_response(request, response, *args, **kwargs)
        done.headers.setdefault("Cache-Control", "no-store")
        return done
