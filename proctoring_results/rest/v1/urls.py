from django.urls import path

from . import (
    attempts,
    case_files,
    decisions,
    exams,
    history,
    me,
    numbers,
    own_data,
    report_requests,
    reports,
    schedules,
    teamwork,
)

ATTEMPT = "attempts/<str:attempt_code>/"
REPORT = "reports/<str:report_id>/"
SCHEDULE = "report-schedules/<str:schedule_id>/"

urlpatterns = [
    path("exams/", exams.ExamsView.as_view(), name="v1_exams"),
    path("exams/<str:exam_id>/", exams.ExamView.as_view(), name="v1_exam"),
    path("attempts/", attempts.AttemptsView.as_view(), name="v1_attempts"),
    # Before the attempts: no attempt code is "search" or "claim-next", because codes are in capitals.
    path("attempts/search/", attempts.AttemptsSearchView.as_view(), name="v1_search"),
    path("attempts/claim-next/", teamwork.ClaimNextView.as_view(), name="v1_claim_next"),
    path(ATTEMPT, attempts.AttemptView.as_view(), name="v1_attempt"),
    path(f"{ATTEMPT}changes/", history.ChangesView.as_view(), name="v1_changes"),
    path(f"{ATTEMPT}reviews/", history.ReviewsView.as_view(), name="v1_reviews"),
    path(f"{ATTEMPT}reviews/<str:review_id>/incidents/", history.IncidentsView.as_view(), name="v1_incidents"),
    path(f"{ATTEMPT}reviews/<str:review_id>/dismiss/", decisions.DismissView.as_view(), name="v1_dismiss"),
    path(f"{ATTEMPT}reviews/<str:review_id>/restore/", decisions.RestoreView.as_view(), name="v1_restore"),
    path(f"{ATTEMPT}appeals/", history.AppealsView.as_view(), name="v1_appeals"),
    path(f"{ATTEMPT}decisions/", decisions.DecisionsView.as_view(), name="v1_decisions"),
    path(f"{ATTEMPT}claim/", teamwork.ClaimView.as_view(), name="v1_claim"),
    path(f"{ATTEMPT}looks/", teamwork.LooksView.as_view(), name="v1_looks"),
    path(f"{ATTEMPT}notes/", teamwork.NotesView.as_view(), name="v1_notes"),
    path(f"{ATTEMPT}notes/<str:note_id>/", teamwork.NoteView.as_view(), name="v1_note"),
    path("claims/", teamwork.ClaimsView.as_view(), name="v1_claims"),
    path(f"{ATTEMPT}case-files/", case_files.CaseFilesView.as_view(), name="v1_case_files"),
    path(f"{ATTEMPT}case-files/<str:report_id>/", case_files.CaseFileView.as_view(), name="v1_case_file"),
    path(f"{ATTEMPT}undo/", decisions.UndoView.as_view(), name="v1_undo"),
    path("numbers/", numbers.NumbersView.as_view(), name="v1_numbers"),
    path("me/attempts/", me.OwnAttemptsView.as_view(), name="v1_own_attempts"),
    path("me/attempts/<str:attempt_code>/appeal/", me.OwnAppealsView.as_view(), name="v1_appeal"),
    path("me/data/", own_data.OwnDataView.as_view(), name="v1_own_data"),
    path("reports/", reports.ReportsView.as_view(), name="v1_reports"),
    # Before the reports, whose ids are UUIDs.
    path("reports/download/", reports.DownloadView.as_view(), name="v1_download"),
    path("reports/download/excel/", reports.ExcelView.as_view(), name="v1_download_excel"),
    path("reports/kinds/", report_requests.KindsView.as_view(), name="v1_report_kinds"),
    path("reports/preview/", report_requests.PreviewView.as_view(), name="v1_preview_report"),
    path(REPORT, reports.ReportView.as_view(), name="v1_report"),
    path(f"{REPORT}cancel/", reports.CancelView.as_view(), name="v1_cancel_report"),
    path(f"{REPORT}retry/", reports.RetryView.as_view(), name="v1_retry_report"),
    path(f"{REPORT}delete/", reports.DeleteView.as_view(), name="v1_delete_report"),
    path(f"{REPORT}readme/", reports.ReadmeView.as_view(), name="v1_report_readme"),
    path(f"{REPORT}link/", reports.LinkView.as_view(), name="v1_link_report"),
    path("report-schedules/", schedules.SchedulesView.as_view(), name="v1_report_schedules"),
    path(SCHEDULE, schedules.ScheduleView.as_view(), name="v1_report_schedule"),
    path(f"{SCHEDULE}pause/", schedules.PauseView.as_view(), name="v1_pause_schedule"),
    path(f"{SCHEDULE}resume/", schedules.ResumeView.as_view(), name="v1_resume_schedule"),
]
