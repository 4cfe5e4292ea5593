"""``python -m tests.bench.callbacks prepare N|queries``: prepares the load of callbacks, or counts their queries.

``prepare N`` creates N attempts that wait for a review, and a provider with a token, and prints both as JSON.
``queries`` counts the queries of reviews with 1, 20 and 200 incidents.
"""

import json
import sys
from datetime import timedelta
from typing import Any

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402
from oauth2_provider.models import get_access_token_model, get_application_model  # noqa: E402

from example_project.campus.models import ProviderAccount  # noqa: E402
from proctoring_results.models import ExamAttempt, ProctoredExam  # noqa: E402
from tests.bench.load import address_of, review_of  # noqa: E402

INCIDENTS = (1, 20, 200)
PROVIDER = "proctortrack"


def prepare(attempts: int, name: str = "load") -> dict[str, Any]:
    now = timezone.now()
    users = get_user_model()._default_manager
    learner = users.create(username=f"{name}-learner", email="learner@example.com")
    exam = ProctoredExam.objects.create(
        course_id="course-v1:BenchX+Callbacks+2026",
        content_id=name,
        exam_name="Final",
        time_limit_mins=60,
        provider=PROVIDER,
    )
    ids = [f"{name}-{number}" for number in range(attempts)]
    ExamAttempt.objects.bulk_create(
        [
            ExamAttempt(
                user=learner,
                exam=exam,
                provider=PROVIDER,
                external_id=external_id,
                status="submitted",
                started_at=now,
                completed_at=now,
            )
            for external_id in ids
        ],
        batch_size=2_000,
    )
    return {"token": _token(name), "ids": ids}


def _token(name: str) -> str:
    account = get_user_model()._default_manager.create(username=f"{name}-provider")
    ProviderAccount.objects.create(user=account, provider=PROVIDER)
    kind = get_application_model()
    application = kind.objects.create(
        user=account, client_type=kind.CLIENT_CONFIDENTIAL, authorization_grant_type=kind.GRANT_CLIENT_CREDENTIALS
    )
    token = get_access_token_model().objects.create(
        application=application, token=f"{name}-token", expires=timezone.now() + timedelta(hours=1), scope="reviews"
    )
    return str(token.token)


def queries() -> dict[int, int]:
    prepared = prepare(len(INCIDENTS) + 1, "queries")
    counted = {}
    # The first request is not counted: it also makes queries that a process makes only once.
    for incidents, external_id in zip((1, *INCIDENTS), prepared["ids"], strict=True):
        with CaptureQueriesContext(connection) as captured:
            response = Client().post(
                address_of(external_id),
                review_of(external_id, incidents),
                content_type="application/json",
                headers={"Authorization": f"JWT {prepared['token']}", "Host": "localhost"},
            )
        assert response.status_code == 200, response.content
        counted[incidents] = len(captured)
    return counted


if __name__ == "__main__":
    print(json.dumps(queries() if sys.argv[1] == "queries" else prepare(int(sys.argv[2]))))
