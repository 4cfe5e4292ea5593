"""Addresses that services of the REST protocol know. They have no slash at the end: a redirect loses a POST."""

from django.urls import path

from .webhooks import ReadyView, ReviewView

ATTEMPT = "api/edx_proctoring/v1/proctored_exam/attempt/<str:external_id>"

urlpatterns = [
    path(f"{ATTEMPT}/reviewed", ReviewView.as_view(), name="review_callback"),
    path(f"{ATTEMPT}/ready", ReadyView.as_view(), name="ready_callback"),
]
