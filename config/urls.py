"""Every URL of the product."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import RedirectView
from django.views.i18n import set_language

from config import health

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="twofactor:devices:overview"), name="home"),
    path("", include("accounts.urls")),
    path("", include("twofactor.urls")),
    path("", include("messaging.urls")),
    path("language/", login_not_required(set_language), name="set_language"),
    path("healthz/live", health.live, name="live"),
    path("healthz/ready", health.ready, name="ready"),
]
handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
