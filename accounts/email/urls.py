"""The e-mail address one signs in with."""

from django.urls import path

from accounts.email import views

app_name = "email"
urlpatterns = [
    path("email/", views.change, name="change"),
    path("email/cancel/", views.cancel, name="cancel"),
    path("email/forgot/", views.forgot, name="forgot"),
    path("email/verify/<str:token>/", views.verify, name="verify"),
    path("email/stop/<str:token>/", views.stop, name="stop"),
]
