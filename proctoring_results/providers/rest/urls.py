"""Addresses that services of the REST protocol know. They have no slash at the end: a redirect loses a POST."""

from django.urls import path

from proctoring_results.rest.views import non_atomic

from .webhooks import ReadyView, ReviewView

ATTEMPT = "api/edx_proctoring/v1/proctored_exam/attempt/<str:external_id>"

urlpatterns = [
    path(f"{ATTEMPT}/reviewed", non_atomic(ReviewView), name="review_callback"),
    path(f"{ATTEMPT}/ready", non_atomic(ReadyView), name="ready_callback"),
]
