"""Addresses that RPNow knows, with and without a slash at the end: a redirect loses a POST."""

from django.urls import path

from .webhooks import RPNowLaunchView, RPNowReviewView

urlpatterns = [
    path("api/edx_proctoring/proctoring_review_callback/", RPNowReviewView.as_view(), name="rpnow_review_callback"),
    path(
        "api/edx_proctoring/proctoring_launch_callback/start_exam/<str:attempt_code>",
        RPNowLaunchView.as_view(),
        name="rpnow_launch_callback",
    ),
]
