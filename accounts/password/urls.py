"""Passwords."""

from django.urls import path
from django.views.decorators.http import require_safe
from django.views.generic import RedirectView

from accounts.password import views

app_name = "password"
well_known = require_safe(RedirectView.as_view(pattern_name="accounts:password:change"))
urlpatterns = [
    path("password/", views.change, name="change"),
    path("password/forgot/", views.forgot, name="forgot"),
    path("password/forgot/sent/", views.forgot_sent, name="forgot_sent"),
    path("password/reset/<str:token>/", views.reset, name="reset"),
    # Password managers look here (W3C change-password-url).
    path(".well-known/change-password", well_known, name="well_known"),
]
