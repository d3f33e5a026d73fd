"""Gathers the models of the methods."""

from twofactor.checkup.models import CheckUp
from twofactor.devices.models import MethodChange
from twofactor.enrolment.models import EmailCheck, Enrolment
from twofactor.methods.backup_codes.models import BackupCode, BackupCodes
from twofactor.methods.push.models import Pairing, PushDevice, PushRequest, SpentCall, TurnedOffDevice
from twofactor.methods.totp.models import TOTPDevice
from twofactor.methods.webauthn.models import PasskeyChallenge, PasskeyHandle, WebAuthnDevice
from twofactor.not_me.models import NotMe
from twofactor.trusted_browsers.models import TrustedBrowser

__all__ = [
    "BackupCode",
    "BackupCodes",
    "CheckUp",
    "EmailCheck",
    "Enrolment",
    "MethodChange",
    "NotMe",
    "Pairing",
    "PasskeyChallenge",
    "PasskeyHandle",
    "PushDevice",
    "PushRequest",
    "SpentCall",
    "TOTPDevice",
    "TrustedBrowser",
    "TurnedOffDevice",
    "WebAuthnDevice",
]
