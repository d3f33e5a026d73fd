"""Devices of every kind."""

from django.urls import path

from twofactor.devices import views

app_name = "devices"
urlpatterns = [
    path("2fa/", views.overview, name="overview"),
    path("2fa/add/", views.add, name="add"),
    path("2fa/disable/", views.disable, name="disable"),
    path("2fa/returning/", views.returning, name="returning"),
    path("2fa/lost/", views.lost, name="lost"),
    path("2fa/<slug:url_slug>/<int:pk>/", views.rename, name="rename"),
    path("2fa/<slug:url_slug>/<int:pk>/remove/", views.remove, name="remove"),
]
