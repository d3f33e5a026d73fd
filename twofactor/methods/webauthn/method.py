"""Passkeys and security keys as a method."""

from django.utils.translation import gettext_lazy as _

from twofactor.method import Method
from twofactor.methods.webauthn import challenges
from twofactor.methods.webauthn.forms import KeyForm
from twofactor.methods.webauthn.models import WebAuthnDevice

WEBAUTHN = Method(
    label=_("Passkey or security key"),
    summary=_("Your fingerprint, face, screen lock or a YubiKey. Safe from fake sites."),
    icon="key",
    setup_time=_("About 30 seconds"),
    ask_label=_("Use your passkey or security key"),
    ask_detail=_("Your browser asks for it"),
    device_model=WebAuthnDevice,
    challenge_form=KeyForm,
    public_urls="twofactor.methods.webauthn.public.urls",
    challenge_urls="twofactor.methods.webauthn.challenge_urls",
    manage_template="twofactor/methods/webauthn/_manage.html",
    account_template="twofactor/methods/webauthn/_account.html",
    sign_in_template="twofactor/methods/webauthn/_sign_in.html",
    without_script=_("Passkeys and security keys need JavaScript, which is turned off in this browser."),
    purge=challenges.purge,
)
