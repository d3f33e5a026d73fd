"""Which methods there are, in the order we recommend them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from accounts.sessions.proof import PASSWORD, REMEMBERED_BROWSER
from twofactor.methods.backup_codes.method import BACKUP_CODES
from twofactor.methods.push.method import PUSH
from twofactor.methods.totp.method import TOTP
from twofactor.methods.webauthn.method import WEBAUTHN
from twofactor.second_factor import Devices

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.user.models import User
    from twofactor.method import Method
    from twofactor.second_factor import SecondFactor

OTHER_PROOFS = {PASSWORD: _("Password"), REMEMBERED_BROWSER: _("Remembered browser")}
METHODS = (PUSH, WEBAUTHN, TOTP, BACKUP_CODES)


def method_at(url_slug: str) -> Method | None:
    """The method that a URL names."""
    return next((method for method in METHODS if method.url_slug == url_slug), None)


def methods_of(user: User) -> list[Method]:
    """The methods a person has set up, read from the devices themselves; none if there are only backups left."""
    return [method for method, _last_used in last_uses_of(user)]


def last_uses_of(user: User) -> list[tuple[Method, datetime | None]]:
    """The same, each with the time when it was last used, if ever.

    While a removed device is about to count again, backups alone are asked for: nothing less may do.
    """
    kinds = {kind for method in METHODS for kind in method.kinds}
    used = {kind: [device.last_used_at for device in Devices(kind, user_id=user.pk).read()] for kind in kinds}
    uses = [(method, [moment for kind in method.kinds for moment in used[kind]]) for method in METHODS]
    had = [(method, max(filter(None, moments), default=None)) for method, moments in uses if moments]
    is_on = user.method_returns_at is not None or any(not method.is_backup for method, _last_used in had)
    return had if is_on else []


def devices_by_method(user: User) -> list[tuple[Method, list[SecondFactor]]]:
    """Every method with the person's devices of it: one query each."""
    return [(method, Devices(method.device_model, user_id=user.pk).read()) for method in METHODS]


def label_of_proof(proved_by: str) -> str:
    """settings.PROOF_LABEL: what a sign-in rested on, in words."""
    labels = OTHER_PROOFS | {method.slug: method.label for method in METHODS}
    return str(labels.get(proved_by, proved_by))
