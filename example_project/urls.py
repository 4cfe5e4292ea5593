from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from oauth2_provider.views import TokenView

urlpatterns = [
    path("admin/", admin.site.urls),
    path("accounts/login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("oauth2/access_token", TokenView.as_view(), name="access_token"),
    path("", include("example_project.campus.urls")),
    path("api/proctoring/v1/", include("proctoring_results.rest.v1.openapi")),
    path("", include("proctoring_results.urls")),
]
