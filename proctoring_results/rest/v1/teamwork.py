"""What a course team leaves for one another at a session: who is looking, who has looked, and notes.

A caller who took the exam gets none of it about their own attempt, whatever permissions they have.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from proctoring_results import permissions
from proctoring_results.choices import SessionTab
from proctoring_results.exceptions import NotFound, SessionIsClaimed
from proctoring_results.people import person
from proctoring_results.queries.lookups import get_exam
from proctoring_results.queries.sessions import sessions
from proctoring_results.queries.teamwork import claims_in_course, claims_of
from proctoring_results.services.claims import claim_next, claim_session, release_session
from proctoring_results.services.looks import record_look
from proctoring_results.services.notes import MAX_NOTE_LENGTH, add_note, withdraw_note

from .attempts import AttemptDetailSerializer, FilterQuery, serialize_attempt
from .base import ApiView
from .filters import read_filter
from .pagination import BY_KEY, PageQuery, page, serialize_all
from .params import CourseQuery, MomentField, StrictBooleanField, StrictCharField, parse_pk

if TYPE_CHECKING:
    from proctoring_results.models import ExamAttempt, SessionClaim


class ColleagueSerializer(serializers.Serializer[Any]):
    username = serializers.CharField(source="get_username")
    name = serializers.SerializerMethodField(help_text="The full name, else the username, else the email address.")

    def get_name(self, user: Any) -> str:
        return person(user).name


class ClaimSerializer(serializers.Serializer[Any]):
    """Somebody is looking at the session. It warns, and refuses no decision."""

    attempt_code = serializers.CharField(source="attempt.attempt_code")
    user = ColleagueSerializer()
    claimed_at = MomentField()
    until = MomentField(source="lease_until", help_text="Or until somebody decides.")


class ClaimsQuery(CourseQuery, PageQuery):
    """Of one course."""


class ClaimStateSerializer(serializers.Serializer[Any]):
    claim = ClaimSerializer(allow_null=True, help_text="Null while nobody is looking.")


class ClaimBody(serializers.Serializer[Any]):
    take_over = StrictBooleanField(default=False, help_text="Also while a colleague is looking.")


class ClaimNextBody(FilterQuery):
    """Which attempts: those of them that require attention, the longest waiting first."""


class NextAttemptSerializer(serializers.Serializer[Any]):
    attempt = AttemptDetailSerializer(allow_null=True, help_text="Null if there is none left.")


class LookSerializer(serializers.Serializer[Any]):
    """Somebody has looked at the session, and decided nothing."""

    id = serializers.IntegerField(source="pk")
    user = ColleagueSerializer()
    at = MomentField()
    review = serializers.IntegerField(source="review_id", allow_null=True, help_text="The newest review then.")


class NoteSerializer(serializers.Serializer[Any]):
    """A note for the team alone. A note that was withdrawn has no text."""

    id = serializers.IntegerField(source="pk")
    author = ColleagueSerializer()
    at = MomentField()
    text = serializers.CharField()
    withdrawn_at = MomentField(allow_null=True)


class NoteBody(serializers.Serializer[Any]):
    text = StrictCharField(max_length=MAX_NOTE_LENGTH)


class TeamworkView(ApiView):
    def find_attempt(self, attempt_code: str) -> ExamAttempt:
        """Return the attempt. Raise ``NotFound`` as for every resource, and ``OwnAttempt`` for its learner."""
        attempt = super().find_attempt(attempt_code)
        permissions.refuse_own_attempt(self.caller, attempt)
        return attempt


class ClaimsView(ApiView):
    def get(self, request: Request) -> Response:
        """Who is looking at which session of a course now, but for the caller's own attempts."""
        params = self.query(ClaimsQuery)
        course_id = params["course_id"]
        self.require(permissions.VIEW_SESSIONS, course_id)
        claims = claims_in_course(course_id).exclude(attempt__user=self.caller.pk)
        return page(claims, BY_KEY, params, serialize_all(ClaimSerializer), list_name="claims")


class ClaimView(TeamworkView):
    def get(self, request: Request, attempt_code: str) -> Response:
        """Who is looking at the session now."""
        attempt = self.find_attempt(attempt_code)
        return _claim_state(claims_of([attempt]).get(attempt.pk))

    def post(self, request: Request, attempt_code: str) -> Response:
        """Claim the session, or renew one's claim.

        If a colleague is looking, the answer is 409 with their claim, unless `take_over` is true.
        """
        attempt = self.find_attempt(attempt_code)
        # There may be no body: nothing in it is required.
        take_over = bool(self.raw_body()) and self.body(ClaimBody)["take_over"]
        return _claim_state(claim_session(attempt.attempt_code, by=self.caller, take_over=take_over))

    def delete(self, request: Request, attempt_code: str) -> Response:
        """End one's own claim. A claim of somebody else stays."""
        attempt = self.find_attempt(attempt_code)
        release_session(attempt.attempt_code, by=self.caller)
        return _claim_state(claims_of([attempt]).get(attempt.pk))

    def handle_exception(self, exc: Exception) -> Response:
        response = super().handle_exception(exc)
        if isinstance(exc, SessionIsClaimed):
            response.data["claim"] = ClaimSerializer(exc.claim).data
        return response


class ClaimNextView(ApiView):
    http_method_names = ["post", "options"]

    def post(self, request: Request) -> Response:
        """Claim the next session that requires attention and that nobody claims.

        However many ask at once, each gets another one; never their own attempt.
        """
        params = self.body(ClaimNextBody)
        course_id = params["course_id"]
        self.require(permissions.VIEW_SESSIONS, course_id)
        self.require(permissions.DECIDE_ATTEMPT, course_id)
        if "exam" in params:
            get_exam(course_id, params["exam"])  # an unknown one is a 404
        filters = replace(read_filter(params), tab=SessionTab.ATTENTION)
        attempt = claim_next(sessions(course_id, filters), by=self.caller)
        return Response({"attempt": serialize_attempt(attempt) if attempt else None})


class LooksView(TeamworkView):
    def get(self, request: Request, attempt_code: str) -> Response:
        """Who has looked at the session without deciding, oldest first."""
        params = self.query(PageQuery)
        attempt = self.find_attempt(attempt_code)
        rows = attempt.looks.select_related("user")
        return page(rows, BY_KEY, params, serialize_all(LookSerializer), list_name=f"looks {attempt.pk}")

    def post(self, request: Request, attempt_code: str) -> Response:
        """Record that the caller has looked at the session.

        A second time before the next review, it is the same look.
        """
        attempt = self.find_attempt(attempt_code)
        return Response(LookSerializer(record_look(attempt.attempt_code, by=self.caller)).data)


class NotesView(TeamworkView):
    def get(self, request: Request, attempt_code: str) -> Response:
        """The notes of the team about the session, oldest first."""
        params = self.query(PageQuery)
        attempt = self.find_attempt(attempt_code)
        rows = attempt.notes.select_related("author")
        return page(rows, BY_KEY, params, serialize_all(NoteSerializer), list_name=f"notes {attempt.pk}")

    def post(self, request: Request, attempt_code: str) -> Response:
        """Add a note, for the team alone."""
        attempt = self.find_attempt(attempt_code)
        body = self.body(NoteBody)
        return Response(NoteSerializer(add_note(attempt.attempt_code, by=self.caller, text=body["text"])).data, 201)


class NoteView(TeamworkView):
    def delete(self, request: Request, attempt_code: str, note_id: str) -> Response:
        """Withdraw one's own note. Its text is removed."""
        attempt = self.find_attempt(attempt_code)
        if not attempt.notes.filter(pk=parse_pk(note_id)).exists():
            raise NotFound("note", note_id)
        return Response(NoteSerializer(withdraw_note(parse_pk(note_id), by=self.caller)).data)


def _claim_state(claim: SessionClaim | None) -> Response:
    return Response(ClaimStateSerializer({"claim": claim}).data)
