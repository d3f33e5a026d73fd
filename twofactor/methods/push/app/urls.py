"""The authenticator app: one empty shell at many addresses, and the few files that browsers ask for by name."""

from django.urls import path

from twofactor.methods.push.app import views

app_name = "authenticator"
urlpatterns = [
    path("sw.js", views.worker, name="worker"),
    path("manifest.webmanifest", views.manifest, name="manifest"),
    path("authenticator/", views.shell, name="codes"),
    path("authenticator/requests/", views.shell, name="requests"),
    path("authenticator/request/<str:place>/", views.shell, name="request"),
    path("authenticator/add/", views.shell, name="add"),
    path("authenticator/linked/<str:place>/", views.shell, name="linked"),
    path("authenticator/account/<str:place>/", views.shell, name="account"),
    path("authenticator/settings/", views.shell, name="settings"),
    path("authenticator/install/", views.shell, name="install"),
    path("authenticator/allow/", views.allow, name="allow"),
    path("authenticator/language/", views.language, name="language"),
]
