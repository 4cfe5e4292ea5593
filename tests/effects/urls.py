"""A site where the page of a session stands."""

from django.urls import include, path
from django.views.generic import TemplateView

PAGES = [path("proctoring/sessions/<str:attempt_code>/", TemplateView.as_view(), name="session")]

urlpatterns = [path("", include((PAGES, "proctoring_results")))]
