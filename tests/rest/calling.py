"""What proctoring services do, as they do it."""

import base64
import json

from django.contrib.auth.models import Permission
from django.test import Client
from django.utils.crypto import get_random_string

from proctoring_results.models import ExamAttempt
from tests.factories import ExamAttemptFactory, ProctoredExamFactory, UserFactory

REVIEW = {
    "status": "suspicious",
    "comments": [{"comment": "Looks away", "status": "Suspicious", "start": 1, "stop": 2}],
}
RPNOW_PASSWORD = "rpnow:first-secret"
RPNOW = {"PROVIDERS": {"rpnow": {"users": ["rpnow:first-secret", "rpnow:second-secret"]}}}


def rest_attempt(external_id="ext-1", provider="proctortrack", **fields) -> ExamAttempt:
    fields = fields or {"submitted": True}
    return ExamAttemptFactory(exam=ProctoredExamFactory(provider=provider), external_id=external_id, **fields)


def account_of(provider="proctortrack"):
    """Return an account that speaks for the provider, as ``tests.host.backends`` knows it by its name."""
    return UserFactory(username=f"{provider}@{get_random_string(6)}")


def signed_in(user) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def may(user, permission):
    user.user_permissions.add(Permission.objects.get(codename=permission))
    return user


def reviewed(external_id="ext-1"):
    return f"/api/edx_proctoring/v1/proctored_exam/attempt/{external_id}/reviewed"


def ready(external_id="ext-1"):
    return f"/api/edx_proctoring/v1/proctored_exam/attempt/{external_id}/ready"


RPNOW_REVIEW = "/api/edx_proctoring/proctoring_review_callback/"


def launch(code):
    return f"/api/edx_proctoring/proctoring_launch_callback/start_exam/{code}"


def post(client, url, body, content_type="application/json", **headers):
    data = body if isinstance(body, bytes | str) else json.dumps(body)
    return client.post(url, data=data, content_type=content_type, headers=headers)


def basic(user_and_password=RPNOW_PASSWORD):
    return f"Basic {base64.b64encode(user_and_password.encode()).decode()}"


def rpnow_body(attempt, locator="SSI-1", status="Suspicious", **others):
    return {
        "examMetaData": {"examCode": attempt.attempt_code, "ssiRecordLocator": locator, "examName": "Midterm"},
        "reviewStatus": status,
        "videoReviewLink": "https://video.example/secret",
        "reviewedBy": None,
        "webCamComments": [
            {"comments": "Left the room", "eventStatus": "Suspicious", "eventStart": 3, "eventFinish": 9, "duration": 6}
        ],
        "desktopComments": [
            {
                "comments": "Browsed",
                "eventStatus": "rules violation",
                "eventStart": 12,
                "eventFinish": 88,
                "duration": 76,
            }
        ],
        **others,
    }


def post_rpnow(client, body, authorization=None, **headers):
    return post(client, RPNOW_REVIEW, body, Authorization=authorization or basic(), **headers)
