"""Signing up."""

from django.urls import path

from accounts.signup import views

app_name = "signup"
urlpatterns = [
    path("signup/", views.sign_up, name="sign_up"),
    path("signup/sent/", views.sent, name="sent"),
    path("signup/verify/<str:token>/", views.verify, name="verify"),
]
