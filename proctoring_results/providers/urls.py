"""What proctoring services call. A host may include it alone, or leave it out."""

from django.urls import include, path

from .webhooks import SignedMessageView

app_name = "proctoring_webhooks"

urlpatterns = [
    path("", include("proctoring_results.providers.rest.urls")),
    path("", include("proctoring_results.providers.rpnow.urls")),
    path("api/proctoring/v1/providers/<str:name>/messages", SignedMessageView.as_view(), name="provider_messages"),
]
