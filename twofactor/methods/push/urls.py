"""Linking a phone, and waiting for it when confirming."""

from django.urls import path

from twofactor.methods.push import views

app_name = "push"
urlpatterns = [
    path("add/", views.add, name="add"),
    path("add/status/", views.status, name="status"),
    path("events/", views.confirm_events, name="events"),
]
