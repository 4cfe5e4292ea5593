"""Paths that providers know by heart. Whether they end in a slash is theirs to say: a redirect loses a POST."""

from django.urls import include, path

from .callbacks import ReadyView, ReviewView, RPNowLaunchView, RPNowReviewView
from .doors import door

ATTEMPT = "api/edx_proctoring/v1/proctored_exam/attempt/<str:external_id>"

urlpatterns = [
    path("", include("proctoring_results.rest.v1.report_urls")),
    path(f"{ATTEMPT}/reviewed", door(ReviewView), name="review_callback"),
    path(f"{ATTEMPT}/ready", door(ReadyView), name="ready_callback"),
    path("api/edx_proctoring/proctoring_review_callback/", door(RPNowReviewView), name="rpnow_review_callback"),
    path(
        "api/edx_proctoring/proctoring_launch_callback/start_exam/<str:attempt_code>",
        door(RPNowLaunchView),
        name="rpnow_launch_callback",
    ),
]
