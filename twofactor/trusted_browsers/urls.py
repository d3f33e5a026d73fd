"""Remembered browsers."""

from django.urls import path

from twofactor.trusted_browsers import views

app_name = "trusted_browsers"
urlpatterns = [
    path("2fa/browsers/", views.browsers, name="browsers"),
    path("2fa/browsers/forget/", views.forget_all, name="forget_all"),
    path("2fa/browsers/<int:pk>/forget/", views.forget, name="forget"),
    path("2fa/every-time/", views.every_time, name="every_time"),
]
