"""Backup codes."""

from django.urls import path

from twofactor.methods.backup_codes import views

app_name = "backup_codes"
urlpatterns = [
    path("", views.codes, name="codes"),
    path("download/", views.download, name="download"),
    path("renew/", views.renew, name="renew"),
]
