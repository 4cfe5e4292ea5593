"""The REST API. A host may include it alone, or leave it out."""

from django.urls import include, path

app_name = "proctoring_api"

urlpatterns = [path("api/proctoring/v1/", include("proctoring_results.rest.v1.urls"))]
