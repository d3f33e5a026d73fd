"""Beside the page that waits at sign-in."""

from django.urls import path

from twofactor.methods.push import views

app_name = "push_challenge"
urlpatterns = [path("events/", views.sign_in_events, name="events")]
