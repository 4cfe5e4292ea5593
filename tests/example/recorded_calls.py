"""What a client of the REST protocol sends and needs, as recorded from the client of a widely used LMS.

``{exam}`` and ``{attempt}`` are the ids that the service has given; the client quotes nothing in a path.
"""

from dataclasses import dataclass
from typing import Any

COURSE = "course-v1:DemoX+PR101+2026"
LEARNER = "9d5ba4a3ff6d6f10fb2bf0d1ad4f5b8a7ab0a0de"


@dataclass(frozen=True)
class Call:
    """A call, and the fields of the answer that the client reads. ``gives``: what its ``id`` is the id of."""

    verb: str
    path: str
    body: dict[str, Any] | None = None
    needs: dict[str, Any] | tuple[str, ...] | bool = ()
    gives: str = ""


_EXAM = {
    "id": 7,
    "course_id": COURSE,
    "content_id": "block-v1:DemoX+PR101+2026+type@sequential+block@midterm",
    "external_id": None,
    "exam_name": "Onboarding",
    "time_limit_mins": 60,
    "is_proctored": True,
    "is_practice_exam": True,
    "is_active": True,
    "hide_after_due": False,
    "backend": "proctortrack",
    "due_date": None,
}
_ATTEMPT = {
    "lms_host": "http://127.0.0.1:1",
    "time_limit_mins": 60,
    "is_sample_attempt": True,
    "user_id": LEARNER,
    "full_name": "Ada Lovelace",
    "email": "ada@example.com",
    "review_policy": "",
    "status": "created",
}
_ATTEMPT_PATH = "/api/v1/exam/{exam}/attempt/{attempt}/"
_ONBOARDING = f"/api/v1/courses/{COURSE}/onboarding_statuses"

CALLS = (
    Call("GET", "/api/v1/config/", needs=("name", "rules", "download_url", "instructions")),
    Call("POST", "/api/v1/exam/", _EXAM, needs=("id",), gives="exam"),
    Call("POST", "/api/v1/exam/{exam}/", {**_EXAM, "exam_name": "Practice"}, needs=("id",)),
    Call("GET", "/api/v1/exam/{exam}/", needs={"exam_name": "Practice", "course_id": COURSE}),
    Call("POST", "/api/v1/exam/{exam}/attempt/", _ATTEMPT, needs=("id",), gives="attempt"),
    Call("GET", _ATTEMPT_PATH, needs=("status", "instructions", "download_url")),
    Call("GET", f"{_ONBOARDING}?user_id={LEARNER}", needs={"status": "pending"}),
    Call("PATCH", _ATTEMPT_PATH, {"status": "started"}, needs={"status": "started"}),
    Call("PATCH", _ATTEMPT_PATH, {"status": "submitted"}, needs={"status": "submitted"}),
    Call("GET", f"{_ONBOARDING}?user_id={LEARNER}", needs={"user_id": LEARNER, "status": "approved"}),
    Call(
        "GET",
        f"{_ONBOARDING}?page=1",
        needs={"results": [{"user_id": LEARNER, "status": "approved", "expiration_date": None}], "next": None},
    ),
    Call("GET", f"{_ONBOARDING}?user_id=nobody", needs={"status": "no_profile"}),
    Call("PATCH", _ATTEMPT_PATH, {"status": "error"}, needs={"status": "error"}),
    Call("DELETE", _ATTEMPT_PATH, needs={"status": "deleted"}),
    Call("DELETE", f"/api/v1/user/{LEARNER}/", needs=True),
)
