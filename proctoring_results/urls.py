"""Everything at once. Each of the three parts can be included alone."""

from django.urls import include, path

urlpatterns = [
    path("", include("proctoring_results.pages.urls")),
    path("", include("proctoring_results.providers.urls")),
    path("", include("proctoring_results.rest.urls")),
]
