from django.urls import include, path

from proctoring_results.instructor import views
from proctoring_results.rest import urls as rest

app_name = "proctoring_results"

# Course ids are opaque; the older ones have slashes.
COURSE = "proctoring/courses/<path:course_id>/data-download/"
EXAMS = "proctoring/courses/<path:course_id>/special-exams/"

urlpatterns = [
    path(COURSE, views.data_download, name="data_download"),
    path(f"{COURSE}generate/", views.generate, name="generate_report"),
    path("proctoring/reports/<uuid:task_id>/cancel/", views.cancel, name="cancel_report"),
    path("proctoring/reports/<uuid:task_id>/retry/", views.retry, name="retry_report"),
    path("proctoring/reports/download/<str:token>/", views.download, name="download"),
    path("proctoring/reports/download/<str:token>/excel/", views.download_excel, name="download_excel"),
    path(f"{EXAMS}numbers/", views.numbers, name="numbers"),
    path(f"{EXAMS}review-dashboard/", views.review_dashboard, name="review_dashboard"),
    path(f"{EXAMS}review-dashboard/open/", views.open_provider_dashboard, name="provider_dashboard"),
    path("", include(rest)),
]
