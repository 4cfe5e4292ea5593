"""The pages. A host may include them alone, or leave them out."""

from django.urls import path

from proctoring_results.pages.appeal import views as appeal
from proctoring_results.pages.case_files import views as case_files
from proctoring_results.pages.data_download import views as data_download
from proctoring_results.pages.my_data import views as my_data
from proctoring_results.pages.numbers import views as numbers
from proctoring_results.pages.quiz_list import views as quiz_list
from proctoring_results.pages.result import views as result
from proctoring_results.pages.schedules import views as schedules
from proctoring_results.pages.service_dashboard import views as service_dashboard
from proctoring_results.pages.session import views as session
from proctoring_results.pages.sessions import neighbours as session_neighbours
from proctoring_results.pages.sessions import take_next
from proctoring_results.pages.sessions import views as sessions

app_name = "proctoring_results"

# Course ids are opaque; the older ones have slashes.
COURSE = "proctoring/courses/<path:course_id>/data-download/"
EXAMS = "proctoring/courses/<path:course_id>/special-exams/"
SCHEDULE = "proctoring/schedules/<uuid:schedule_id>/"
SESSION = "proctoring/sessions/<str:attempt_code>/"

urlpatterns = [
    path(COURSE, data_download.data_download, name="data_download"),
    path(f"{COURSE}learners/search/", data_download.search_learners, name="search_learners"),
    path(f"{COURSE}generate/", data_download.generate, name="generate_report"),
    path("proctoring/reports/", data_download.all_reports, name="all_reports"),
    path("proctoring/reports/generate/", data_download.generate_all_reports, name="generate_all_reports"),
    path("proctoring/reports/<uuid:task_id>/cancel/", data_download.cancel, name="cancel_report"),
    path("proctoring/reports/<uuid:task_id>/retry/", data_download.retry, name="retry_report"),
    path("proctoring/reports/<uuid:task_id>/delete/", data_download.delete, name="delete_report"),
    path("proctoring/reports/<uuid:task_id>/readme/", data_download.report_readme, name="report_readme"),
    path("proctoring/reports/download/<str:token>/", data_download.download, name="download"),
    path("proctoring/reports/download/<str:token>/excel/", data_download.download_excel, name="download_excel"),
    path(f"{COURSE}schedules/", schedules.schedules, name="schedules"),
    path(f"{COURSE}schedules/new/", schedules.add_schedule, name="add_schedule"),
    path(SCHEDULE, schedules.change_schedule, name="change_schedule"),
    path(f"{SCHEDULE}pause/", schedules.pause_schedule, name="pause_schedule"),
    path(f"{SCHEDULE}resume/", schedules.resume_schedule, name="resume_schedule"),
    path(f"{SCHEDULE}delete/", schedules.delete_schedule, name="delete_schedule"),
    # The longer addresses first: what comes before them is a course id, too.
    path(f"{EXAMS}sessions/search/", sessions.search_sessions, name="search_sessions"),
    path(f"{EXAMS}sessions/take-next/", take_next.take_next, name="take_next"),
    path(f"{EXAMS}sessions/pass/", sessions.pass_sessions, name="pass_sessions"),
    path(f"{EXAMS}sessions/undo/", sessions.undo_decisions, name="undo_decisions"),
    path(f"{EXAMS}sessions/", sessions.sessions, name="sessions"),
    path(EXAMS, quiz_list.quiz_list, name="quiz_list"),
    path("proctoring/evidence/<str:token>/", session.evidence, name="evidence"),
    path(f"{SESSION}next/", session_neighbours.next_session, name="next_session"),
    path(f"{SESSION}previous/", session_neighbours.previous_session, name="previous_session"),
    path(f"{SESSION}team/", session.team, name="team"),
    path(f"{SESSION}decide/", session.decide, name="decide"),
    path(f"{SESSION}incidents/<int:incident_id>/", session.dismissal, name="dismissal"),
    path(f"{SESSION}reviews/<int:review_id>/incidents/", session.dismissals, name="dismissals"),
    path(f"{SESSION}export/", case_files.export_session, name="export_session"),
    path(SESSION, session.session, name="session"),
    path("proctoring/results/<str:attempt_code>/appeal/", appeal.appeal, name="appeal"),
    path("proctoring/results/<str:attempt_code>/changed/", result.result_changed, name="result_changed"),
    path("proctoring/my-data/", my_data.my_data, name="my_data"),
    path("proctoring/my-data.json", my_data.my_data_json, name="my_data_json"),
    path(f"{EXAMS}numbers/", numbers.numbers, name="numbers"),
    path(f"{EXAMS}numbers.csv", numbers.numbers_csv, name="numbers_csv"),
    path(f"{EXAMS}service-dashboard/", service_dashboard.service_dashboard, name="service_dashboard"),
    path(
        f"{EXAMS}service-dashboard/open/",
        service_dashboard.open_service_dashboard,
        name="open_service_dashboard",
    ),
]
