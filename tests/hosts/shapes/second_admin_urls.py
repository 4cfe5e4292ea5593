from django.contrib import admin
from django.contrib.admin import AdminSite
from django.urls import include, path

ops = AdminSite(name="ops")
for model, model_admin in admin.site._registry.items():
    ops.register(model, type(model_admin))

urlpatterns = [
    path("admin/", admin.site.urls),
    path("ops/", ops.urls),
    path("", include("proctoring_results.urls")),
]
