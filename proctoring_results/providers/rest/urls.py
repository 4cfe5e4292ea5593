"""Addresses that services of the REST protocol know. They have no slash at the end: a redirect loses a POST."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from .webhooks import ReadyView, ReviewView


class ExternalIdConverter(StringConverter):
    """Whatever a service calls an attempt, slashes included."""

    regex = r"[\s\S]+"


register_converter(ExternalIdConverter, "proctoring_external_id")

ATTEMPT = "api/edx_proctoring/v1/proctored_exam/attempt/<proctoring_external_id:external_id>"

urlpatterns = [
    path(f"{ATTEMPT}/reviewed", ReviewView.as_view(), name="review_callback"),
    path(f"{ATTEMPT}/ready", ReadyView.as_view(), name="ready_callback"),
]
