"""Recent activity."""

from django.urls import path

from audit import views

app_name = "audit"
urlpatterns = [
    path("activity/", views.activity, name="activity"),
    path("activity/export/", views.export, name="export"),
]
