"""Signing in and out."""

from django.urls import path

from accounts.login import views

app_name = "login"
urlpatterns = [
    path("login/", views.sign_in, name="sign_in"),
    path("login/help/", views.help, name="help"),
    path("logout/", views.sign_out, name="sign_out"),
]
