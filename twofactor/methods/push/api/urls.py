"""The addresses that phones call: names that clients rely on, so none ends with a slash."""

from django.urls import include, path

from twofactor.methods.push.api import views

app_name = "push_api"
calls = [
    path("config", views.config, name="config"),
    path("devices", views.devices, name="devices"),
    path("devices/<slug:thumbprint>", views.device, name="device"),
    path("devices/<slug:thumbprint>/subscription", views.subscription, name="subscription"),
    path("devices/<slug:thumbprint>/backup-codes", views.backup_codes, name="backup_codes"),
    path("devices/<slug:thumbprint>/trial", views.trial, name="trial"),
    path("requests/pending", views.pending, name="pending"),
    path("requests/<slug:request_id>/decision", views.decision, name="decision"),
]
urlpatterns = [path("api/authenticator/v1/", include(calls))]
