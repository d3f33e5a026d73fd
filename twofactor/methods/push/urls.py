"""Linking a phone, trying it out, and waiting for it when confirming."""

from django.urls import path

from twofactor.methods.push import views

app_name = "push"
urlpatterns = [
    path("add/", views.add, name="add"),
    path("add/status/", views.status, name="status"),
    path("<int:pk>/trial/", views.trial, name="trial"),
    path("<int:pk>/trial/events/", views.trial_events, name="trial_events"),
    path("events/", views.confirm_events, name="events"),
]
