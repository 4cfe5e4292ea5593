from django.urls import path

from . import exam_views
from .report_urls import urlpatterns as reports

urlpatterns = [
    path("exams/", exam_views.ExamsView.as_view(), name="v1_exams"),
    path("exams/<str:exam_id>/", exam_views.ExamView.as_view(), name="v1_exam"),
    *reports,
]
