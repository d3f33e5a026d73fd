"""What a browser fetches between the password and a key's answer, under /login/verify/webauthn/."""

from django.urls import path

from twofactor.methods.webauthn import views

app_name = "webauthn_challenge"
urlpatterns = [path("options/", views.sign_in_options, name="options")]
