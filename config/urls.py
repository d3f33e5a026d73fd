"""Every URL of the product."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponseBase
from django.urls import include, path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView
from django.views.i18n import set_language

from accounts.sudo.decorators import no_sudo
from config import health

home = require_safe(RedirectView.as_view(pattern_name="twofactor:overview:security"))


@no_sudo("A language opens nothing")
@login_not_required
def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Django's, for the languages that we speak: it would take any of its own."""
    code = request.POST.get("language", settings.LANGUAGE_CODE)
    if code not in dict(settings.LANGUAGES):
        raise BadRequest
    return set_language(request)


urlpatterns = [
    path("", home, name="home"),
    path("", include("accounts.urls")),
    path("", include("twofactor.urls")),
    path("", include("audit.urls")),
    path("", include("messaging.urls")),
    path("language/", choose_language, name="set_language"),
    path("healthz/live", health.live, name="live"),
    path("healthz/ready", health.ready, name="ready"),
]
handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.server_error"
