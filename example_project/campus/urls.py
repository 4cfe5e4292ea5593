from django.urls import path

from . import views

app_name = "campus"

# Course ids may contain slashes, so longer URLs come first.
urlpatterns = [
    path("", views.home, name="home"),
    path("data-policy/", views.data_policy, name="data_policy"),
    path("a-providers-recordings/<slug:kind>/<int:number>/", views.recording, name="recording"),
    path("courses/<path:course_id>/instructor/", views.instructor, name="instructor"),
    path("courses/<path:course_id>/view-as/", views.view_as, name="view_as"),
    path("viewing/stop/", views.stop_viewing, name="stop_viewing"),
    path("courses/<path:course_id>/exams/<path:content_id>/", views.exam, name="exam"),
    path("courses/<path:course_id>/", views.course, name="course"),
]
