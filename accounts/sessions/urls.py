"""Where somebody is signed in."""

from django.urls import path

from accounts.sessions import views

app_name = "sessions"
urlpatterns = [
    path("sessions/", views.sessions, name="sessions"),
    path("sessions/others/end/", views.end_others, name="end_others"),
    path("sessions/all/end/", views.end_all, name="end_all"),
    path("sessions/<int:session_id>/end/", views.end, name="end"),
]
