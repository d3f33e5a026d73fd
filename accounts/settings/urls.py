"""Settings, one's own data, and the end of an account."""

from django.urls import path

from accounts.settings import views

app_name = "settings"
urlpatterns = [
    path("settings/", views.edit, name="edit"),
    path("settings/export/", views.export, name="export"),
    path("settings/delete/", views.delete, name="delete"),
    path("settings/restore/<str:token>/", views.restore, name="restore"),
]
