"""Gathers the URLs of the features and of every method."""

from django.urls import include, path

from twofactor.enrolment.guard import guarded_pages
from twofactor.registry import METHODS

app_name = "twofactor"
urlpatterns = [
    *(path("", include(m.public_urls)) for m in METHODS if m.public_urls),
    *(path(f"login/verify/{m.url_slug}/", include(m.challenge_urls)) for m in METHODS if m.challenge_urls),
    path("", include("twofactor.overview.urls")),
    path("", include("twofactor.challenge.urls")),
    path("", include("twofactor.enrolment.urls")),
    path("", include("twofactor.not_me.urls")),
    path("", include("twofactor.checkup.urls")),
    path("", include("twofactor.trusted_browsers.urls")),
    path("", include("twofactor.devices.urls")),
    *(path(f"2fa/{m.url_slug}/", guarded_pages(f"twofactor.methods.{m.slug}.urls")) for m in METHODS),
]
