"""Gathers the URLs of the features and of every method."""

from django.urls import include, path

from twofactor.enrolment.guard import guarded_pages
from twofactor.registry import METHODS

app_name = "twofactor"
urlpatterns = [
    path("", include("twofactor.challenge.urls")),
    path("", include("twofactor.enrolment.urls")),
    path("", include("twofactor.devices.urls")),
    *(path(f"2fa/{method.url_slug}/", guarded_pages(f"twofactor.methods.{method.slug}.urls")) for method in METHODS),
]
