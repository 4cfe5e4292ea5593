from django.urls import path

from . import attempts, decisions, exams, history, me, numbers
from .report_urls import urlpatterns as reports

ATTEMPT = "attempts/<str:attempt_code>/"

urlpatterns = [
    path("exams/", exams.ExamsView.as_view(), name="v1_exams"),
    path("exams/<str:exam_id>/", exams.ExamView.as_view(), name="v1_exam"),
    path("attempts/", attempts.AttemptsView.as_view(), name="v1_attempts"),
    # Before the attempts: no code is "search", for codes are made in capitals.
    path("attempts/search/", attempts.AttemptsSearchView.as_view(), name="v1_search"),
    path(ATTEMPT, attempts.AttemptView.as_view(), name="v1_attempt"),
    path(f"{ATTEMPT}changes/", history.ChangesView.as_view(), name="v1_changes"),
    path(f"{ATTEMPT}reviews/", history.ReviewsView.as_view(), name="v1_reviews"),
    path(f"{ATTEMPT}reviews/<str:review_id>/incidents/", history.IncidentsView.as_view(), name="v1_incidents"),
    path(f"{ATTEMPT}decisions/", decisions.DecisionsView.as_view(), name="v1_decisions"),
    path("numbers/", numbers.NumbersView.as_view(), name="v1_numbers"),
    path("me/attempts/", me.OwnAttemptsView.as_view(), name="v1_own_attempts"),
    *reports,
]
