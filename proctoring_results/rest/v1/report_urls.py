from django.urls import path

from proctoring_results.rest.views import non_atomic

from . import reports as views

REPORTS = "reports/"

urlpatterns = [
    path(REPORTS, views.ReportsView.as_view(), name="v1_reports"),
    path(f"{REPORTS}download/", non_atomic(views.DownloadView), name="v1_download"),
    path(f"{REPORTS}download/excel/", non_atomic(views.ExcelView), name="v1_download_excel"),
    path(f"{REPORTS}<str:report_id>/", views.ReportView.as_view(), name="v1_report"),
    path(f"{REPORTS}<str:report_id>/cancel/", views.CancelView.as_view(), name="v1_cancel_report"),
    path(f"{REPORTS}<str:report_id>/retry/", views.RetryView.as_view(), name="v1_retry_report"),
    path(f"{REPORTS}<str:report_id>/link/", views.LinkView.as_view(), name="v1_link_report"),
]
