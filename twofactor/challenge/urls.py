"""The second step."""

from django.urls import path

from twofactor.challenge import views

app_name = "challenge"
urlpatterns = [
    path("login/verify/", views.default, name="default"),
    path("login/verify/other/", views.other, name="other"),
    path("login/verify/<slug:url_slug>/", views.answer, name="answer"),
    path("login/verify/<slug:url_slug>/send/", views.send, name="send"),
    path("confirm/", views.confirm, name="confirm"),
    path("confirm/<slug:url_slug>/send/", views.send_to_confirm, name="send_to_confirm"),
]
