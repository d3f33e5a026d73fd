"""The first second factor of an account. Included before the methods' pages."""

from django.urls import path

from twofactor.enrolment import views

app_name = "enrolment"
urlpatterns = [
    path("2fa/check/", views.check, name="check"),
    path("2fa/check/<str:token>/", views.confirm, name="confirm"),
    path("2fa/undo/<str:token>/", views.undo, name="undo"),
]
