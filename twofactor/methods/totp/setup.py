"""A code app that is being set up: its secret waits in the session, sealed, until a code confirms it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import pyotp
from django.conf import settings

from lib import clock, crypto
from twofactor import timed_codes
from twofactor.methods.totp.models import TOTPDevice

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest

SESSION_KEY = "totp_setup"
LIFETIME = timedelta(minutes=10)


@dataclass(frozen=True)
class Setup:
    """A secret that nothing accepts yet."""

    secret: str
    account: str

    @property
    def uri(self) -> str:
        """otpauth:// as code apps read it (Key URI Format)."""
        name, issuer = _in_label(self.account), _in_label(settings.PRODUCT_NAME)
        return pyotp.TOTP(self.secret).provisioning_uri(name=name, issuer_name=issuer)


def _in_label(name: str) -> str:
    """Without colons: one parts the product from the account, and apps read a second one, however written, as that."""
    return " ".join(name.replace(":", " ").split())


def is_over(request: SignedInRequest) -> bool:
    """Whether the secret that the person's page shows is none any more: older than ten minutes, or used elsewhere."""
    kept = request.session.get(SESSION_KEY)
    return kept is None or clock.now().timestamp() > kept["until"]


def present(request: SignedInRequest) -> Setup:
    """The set-up under way, or a new one when there is none or it is older than ten minutes.

    The secret never comes from the browser (ASVS 6.5.3), and a reload shows the one that was scanned already.
    """
    kept = request.session.get(SESSION_KEY)
    if kept is None or is_over(request):
        secret = timed_codes.new_secret()
        sealed = crypto.seal(secret, purpose="totp_setup", bound_to=str(request.user.pk))
        kept = {"sealed": sealed, "until": (clock.now() + LIFETIME).timestamp()}
        request.session[SESSION_KEY] = kept
    secret = crypto.unseal(kept["sealed"], purpose="totp_setup", bound_to=str(request.user.pk))
    return Setup(secret, account=request.user.email)


def device_of(setup: Setup, request: SignedInRequest, *, name: str) -> TOTPDevice:
    """The device to be, not stored yet."""
    device = TOTPDevice(user=request.user, name=name)
    device.secret = setup.secret
    return device


def hint(setup: Setup, request: SignedInRequest, code: str) -> str:
    """That the phone's clock is wrong, if that is why the code is. Nothing to guess at: the secret is on the page."""
    drift = device_of(setup, request, name="").drift(code)
    return "" if drift is None else timed_codes.clock_hint(drift)


def clear(request: SignedInRequest) -> None:
    request.session.pop(SESSION_KEY, None)
