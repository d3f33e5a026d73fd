"""The overview."""

from django.urls import path

from twofactor.overview import views

app_name = "overview"
urlpatterns = [path("security/", views.security, name="security")]
