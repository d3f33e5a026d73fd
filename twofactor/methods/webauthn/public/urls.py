"""Signing in with a passkey alone, and what browsers and password managers look for."""

from django.urls import path

from twofactor.methods.webauthn.public import views

app_name = "passkey"
urlpatterns = [
    path("login/passkey/", views.sign_in, name="sign_in"),
    path("login/passkey/options/", views.options_to_sign_in, name="options"),
    path(".well-known/passkey-endpoints", views.passkey_endpoints, name="endpoints"),
    path(".well-known/webauthn", views.related_origins, name="related_origins"),
]
