"""Name and country."""

from django.urls import path

from accounts.profile import views

app_name = "profile"
urlpatterns = [
    path("profile/", views.edit, name="edit"),
]
