from django.urls import path

from . import attempt_views, decision_views, exam_views, history_views, number_views, own_views
from .report_urls import urlpatterns as reports

ATTEMPT = "attempts/<str:attempt_code>/"

urlpatterns = [
    path("exams/", exam_views.ExamsView.as_view(), name="v1_exams"),
    path("exams/<str:exam_id>/", exam_views.ExamView.as_view(), name="v1_exam"),
    path("attempts/", attempt_views.AttemptsView.as_view(), name="v1_attempts"),
    # Before the attempts: no code is "search", for codes are made in capitals.
    path("attempts/search/", attempt_views.AttemptsSearchView.as_view(), name="v1_search"),
    path(ATTEMPT, attempt_views.AttemptView.as_view(), name="v1_attempt"),
    path(f"{ATTEMPT}changes/", history_views.ChangesView.as_view(), name="v1_changes"),
    path(f"{ATTEMPT}reviews/", history_views.ReviewsView.as_view(), name="v1_reviews"),
    path(f"{ATTEMPT}reviews/<str:review_id>/incidents/", history_views.IncidentsView.as_view(), name="v1_incidents"),
    path(f"{ATTEMPT}decisions/", decision_views.DecisionsView.as_view(), name="v1_decisions"),
    path("numbers/", number_views.NumbersView.as_view(), name="v1_numbers"),
    path("me/attempts/", own_views.OwnAttemptsView.as_view(), name="v1_own_attempts"),
    *reports,
]
