"""What stands at the portal's root: the API for phones, and our own app."""

from django.urls import include, path

urlpatterns = [
    path("", include("twofactor.methods.push.api.urls")),
    path("", include("twofactor.methods.push.app.urls")),
]
