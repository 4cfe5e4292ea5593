from django.urls import include, path

from proctoring_results.instructor import review_views, session_views, views
from proctoring_results.rest import urls as rest

app_name = "proctoring_results"

# Course ids are opaque; the older ones have slashes.
COURSE = "proctoring/courses/<path:course_id>/data-download/"
EXAMS = "proctoring/courses/<path:course_id>/special-exams/"
SESSION = "proctoring/sessions/<str:attempt_code>/"

urlpatterns = [
    path(COURSE, views.data_download, name="data_download"),
    path(f"{COURSE}generate/", views.generate, name="generate_report"),
    path("proctoring/reports/<uuid:task_id>/cancel/", views.cancel, name="cancel_report"),
    path("proctoring/reports/<uuid:task_id>/retry/", views.retry, name="retry_report"),
    path("proctoring/reports/download/<str:token>/", views.download, name="download"),
    path("proctoring/reports/download/<str:token>/excel/", views.download_excel, name="download_excel"),
    # The longer addresses first: what comes before them is a course id, too.
    path(f"{EXAMS}sessions/search/", review_views.search_sessions, name="search_sessions"),
    path(f"{EXAMS}sessions/pass/", review_views.pass_sessions, name="pass_sessions"),
    path(f"{EXAMS}sessions/", review_views.sessions, name="sessions"),
    path(EXAMS, review_views.special_exams, name="special_exams"),
    path("proctoring/evidence/<str:token>/", session_views.evidence, name="evidence"),
    path(f"{SESSION}next/", session_views.next_session, name="next_session"),
    path(f"{SESSION}decide/", session_views.decide, name="decide"),
    path(f"{SESSION}incidents/<int:incident_id>/", session_views.strike, name="strike"),
    path(f"{SESSION}export/", session_views.export_session, name="export_session"),
    path(SESSION, session_views.session, name="session"),
    path(f"{EXAMS}numbers/", views.numbers, name="numbers"),
    path(f"{EXAMS}review-dashboard/", views.review_dashboard, name="review_dashboard"),
    path(f"{EXAMS}review-dashboard/open/", views.open_provider_dashboard, name="provider_dashboard"),
    path("", include(rest)),
]
