"""The addresses of RPNow. They are older than this app, and so are their paths, labels and answers."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponseRedirect
from rest_framework.request import Request

from proctoring_results.exceptions import NotFound
from proctoring_results.lms import lms
from proctoring_results.providers.base import Provider
from proctoring_results.providers.registry import known_providers
from proctoring_results.providers.webhooks import SignedMessageView
from proctoring_results.rest.views import ProviderView
from proctoring_results.services import messages

from .messages import RPNowProvider


class RPNowReviewView(SignedMessageView):
    """One address for every provider of RPNow's class: the sender is the one whose secret comes with the message."""

    endpoint_name = "rpnow_review"
    challenge = 'Basic realm="proctoring", charset="UTF-8"'

    def candidates(self) -> Sequence[Provider]:
        return [provider for provider in known_providers() if provider.review_channel == RPNowProvider.review_channel]


class RPNowLaunchView(ProviderView):
    """Opened by RPNow's secured browser, which has no session: the code in the address is enough."""

    http_method_names = ["get"]
    endpoint_name = "rpnow_launch"
    authentication_classes = []
    permission_classes = []
    throttle_classes = []
    wrong_guess = (NotFound,)

    def caller_name(self) -> str:
        return "nobody"

    def get(self, request: Request, attempt_code: str) -> HttpResponseRedirect:
        exam = messages.launch(attempt_code).exam
        response = HttpResponseRedirect(lms().exam_url(exam.course_id, exam.content_id) or "/")
        # The address of this page has the code in it.
        response.headers["Referrer-Policy"] = "no-referrer"
        return response
