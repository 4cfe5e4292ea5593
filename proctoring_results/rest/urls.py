"""Paths that providers know by heart, and the REST API.

Whether a provider's path ends in a slash is its own to say: a redirect loses a POST.
"""

from django.urls import include, path

from proctoring_results.providers.webhooks import ReadyView, ReviewView, RPNowLaunchView, RPNowReviewView

from .views import non_atomic

ATTEMPT = "api/edx_proctoring/v1/proctored_exam/attempt/<str:external_id>"

urlpatterns = [
    path(f"{ATTEMPT}/reviewed", non_atomic(ReviewView), name="review_callback"),
    path(f"{ATTEMPT}/ready", non_atomic(ReadyView), name="ready_callback"),
    path("api/edx_proctoring/proctoring_review_callback/", non_atomic(RPNowReviewView), name="rpnow_review_callback"),
    path(
        "api/edx_proctoring/proctoring_launch_callback/start_exam/<str:attempt_code>",
        non_atomic(RPNowLaunchView),
        name="rpnow_launch_callback",
    ),
    path("api/proctoring/v1/", include("proctoring_results.rest.v1.urls")),
]
