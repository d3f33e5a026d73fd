"""Wasn't you? Locking the account, and securing it afterwards."""

from django.urls import path

from twofactor.not_me import views

app_name = "not_me"
urlpatterns = [
    path("not-me/locked/", views.locked, name="locked"),
    path("not-me/<str:token>/", views.lock, name="lock"),
    path("activity/<int:seq>/not-me/", views.lock_from_activity, name="event"),
    path("secure/", views.secure, name="secure"),
    path("secure/seen/", views.note_seen, name="note_seen"),
    path("secure/others/", views.sign_out_others, name="sign_out_others"),
]
