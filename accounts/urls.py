"""Gathers the URLs of the features."""

from django.urls import include, path

app_name = "accounts"
urlpatterns = [
    path("", include("accounts.login.urls")),
    path("", include("accounts.signup.urls")),
    path("", include("accounts.password.urls")),
    path("", include("accounts.email.urls")),
    path("", include("accounts.sessions.urls")),
    path("", include("accounts.profile.urls")),
    path("", include("accounts.settings.urls")),
]
