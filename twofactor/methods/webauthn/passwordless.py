"""Signing in with a passkey alone: that it was there is one factor, that it verified its owner is the other."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.middleware.csrf import get_token

from accounts.lock import gate
from accounts.login.actions import AttemptIsOver, sign_in_alone
from accounts.user.models import User
from audit import events
from audit.actions import record
from lib import crypto
from lib.limits import give_back
from twofactor.methods.webauthn import limits
from twofactor.methods.webauthn.challenges import Purpose, Question
from twofactor.methods.webauthn.models import WebAuthnDevice
from twofactor.methods.webauthn.problems import Problem, Refused
from twofactor.second_factor import Devices, hint_about, verify

if TYPE_CHECKING:
    from accounts.requests import Request
    from lib.origin import Origin
    from twofactor.methods.webauthn.answers import Assertion
    from twofactor.second_factor import SecondFactor


def question_to_anybody(request: Request) -> Question:
    """For this browser, known again by the secret of its forgery tokens.

    Not by a session: the page asks on its own, and the cookie of a visitor's session that came after that of somebody
    who has signed in with a password meanwhile would sign them out.
    """
    get_token(request)  # makes the secret where the browser has none yet
    browser = crypto.keyed_digest("passkey_browser", request.META["CSRF_COOKIE"])
    return Question(purpose=Purpose.PASSWORDLESS, browser=browser, user=None, origin=request.origin)


def sign_in(request: Request, answer: Assertion, *, next_url: str) -> None:
    """Sign the owner of the passkey in. Raises Refused, TooManyAttempts and AccountLocked."""
    reservation = limits.reserve_answer(request.origin)
    answer.claim()
    devices = Devices(WebAuthnDevice, credential_id=answer.credential.id)
    try:
        device = _sign_in(request, devices, answer, next_url)
    except gate.AccountLocked:
        gate.note_refused(devices.query().get().user_id, request.origin)
        raise
    except AttemptIsOver:
        device = None
    if device is None:
        _refuse(devices, answer, request.origin)
        raise Refused(answer.problem or Problem.WRONG)
    give_back(reservation)


def unknown_key(answer: Assertion, problem: Problem) -> str:
    """The id of a key that its browser need not keep; "" if it counts, or was removed and can still be put back."""
    key_id = answer.credential.id
    is_kept = problem is not Problem.UNKNOWN or WebAuthnDevice.everything.filter(credential_id=key_id).exists()
    return "" if is_kept else key_id


@transaction.atomic
def _sign_in(request: Request, devices: Devices, answer: Assertion, next_url: str) -> SecondFactor | None:
    """The device that took the answer, if any: answer, attempt, session and record are one transaction."""
    for found in devices.read():
        User.objects.held(found.user_id)
    device = verify([devices], answer, request.origin)
    if device is None:
        transaction.set_rollback(True)
    else:
        sign_in_alone(request, device, method=device.method_slug, next_url=next_url)
    return device


@transaction.atomic
def _refuse(devices: Devices, answer: Assertion, origin: Origin) -> None:
    """Record it for the owner, if there is one; a key whose counter went back is stopped."""
    hint_about([devices], answer)
    device = devices.query().select_related("user").first()
    if device is not None:
        record(events.ANSWER_WRONG, user=device.user, origin=origin, method=device.method_slug)
