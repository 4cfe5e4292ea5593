"""Walk what shows or searches people, as an administrator, and print what was found as JSON: ``walk.py FIELDS SEARCH``.

FIELDS are those of the one learner, as JSON.
"""

import json
import sys

import django

django.setup()

from django.apps import apps  # noqa: E402
from django.contrib import admin  # noqa: E402
from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402

from proctoring_results import api  # noqa: E402
from proctoring_results.models import ExamAttempt  # noqa: E402
from proctoring_results.reports.kinds.base import Kind, cells  # noqa: E402
from proctoring_results.reports.kinds.registry import kinds  # noqa: E402
from tests.factories import COURSE, ExamAttemptFactory  # noqa: E402


def walk(fields, search):
    users = get_user_model().objects
    learner = users.create(**fields)
    client = Client()
    client.force_login(users.create(**{get_user_model().USERNAME_FIELD: "head@example.com"}, is_superuser=True))
    attempt = ExamAttemptFactory(user=learner, submitted=True)
    api.record_review(attempt.attempt_code, "Suspicious")
    lists = {
        model._meta.model_name: client.get(
            reverse(f"admin:proctoring_results_{model._meta.model_name}_changelist"), {"q": search}
        ).status_code
        for model in apps.get_app_config("proctoring_results").get_models()
        if admin.site.is_registered(model)
    }
    addresses = [
        reverse("proctoring_results:data_download", args=[COURSE]),
        reverse("proctoring_results:session", args=[attempt.attempt_code]),
        reverse("admin:proctoring_results_examattempt_change", args=[attempt.pk]),
        reverse("admin:proctoring_results_examattempt_decide", args=[attempt.pk, "pass"]),
    ]
    body = {"course_id": COURSE, "search": search}
    response = client.post(reverse("proctoring_api:v1_search"), json.dumps(body), content_type="application/json")
    return {
        "lists": lists,
        "pages": {address: client.get(address).status_code for address in addresses},
        "rows": {name: _first_row(kind) for name, kind in kinds().items()},
        "found": [attempt["learner"] for attempt in response.json()["results"]],
    }


def _first_row(kind: Kind) -> list[str]:
    return list(cells(kind, kind.columns(), ExamAttempt.objects.all()).first() or ())


if __name__ == "__main__":
    call_command("migrate", run_syncdb=True, verbosity=0)
    print(json.dumps(walk(json.loads(sys.argv[1]), sys.argv[2])))  # noqa: T201
