"""The e-mail address one signs in with."""

from django.urls import path

from accounts.email import views

app_name = "email"
urlpatterns = [
    path("email/forgot/", views.forgot, name="forgot"),
]
