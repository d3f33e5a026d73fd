"""Adding a key, and trying one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.sudo.actions import own_sudo
from audit import events
from audit.actions import record
from twofactor.devices.actions import add
from twofactor.methods.webauthn import ceremonies, challenges, limits, options
from twofactor.methods.webauthn.challenges import Purpose, Question
from twofactor.methods.webauthn.models import WebAuthnDevice
from twofactor.methods.webauthn.problems import Problem, Refused
from twofactor.second_factor import Devices, hint_about, verify

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest
    from twofactor.methods.webauthn.answers import Assertion
    from twofactor.methods.webauthn.credentials import NewCredential


def register(request: SignedInRequest, new: NewCredential, *, name: str) -> str:
    """Store the key if it answered as it should; returns the URL name to go on to. Raises Refused.

    Sent twice, it is there once, and the second answer says so.
    """
    _require_free(new, request)
    try:
        device = _device_of(new, request, name=name)
        with transaction.atomic():
            return add(device, by=own_sudo(request), request=request)
    except IntegrityError:
        _require_free(new, request)  # another request was faster: it says whose
        raise
    except Refused:
        with transaction.atomic():
            record(events.ANSWER_WRONG, user=request.user, origin=request.origin, method=WebAuthnDevice.method_slug)
        raise


def try_key(request: SignedInRequest, device: WebAuthnDevice, answer: Assertion) -> None:
    """See whether the key answers. That opens nothing; it counts as a use. Raises Refused and TooManyAttempts."""
    limits.reserve_try(request.user.pk)
    answer.claim()
    this_one = Devices(WebAuthnDevice, pk=device.pk)
    with transaction.atomic():
        found = verify([this_one], answer, request.origin)
        if found is None:
            transaction.set_rollback(True)
    if found is None:
        with transaction.atomic():
            hint_about([this_one], answer)
        raise Refused(answer.problem or Problem.WRONG)


def question_to_try(request: SignedInRequest) -> Question:
    return Question(purpose=Purpose.TRY, browser=request.session.digest, user=request.user, origin=request.origin)


def question_to_add(request: SignedInRequest) -> Question:
    return Question(purpose=Purpose.REGISTER, browser=request.session.digest, user=request.user, origin=request.origin)


def _require_free(new: NewCredential, request: SignedInRequest) -> None:
    """One key belongs to one account, and is there once (§7.1, step 26). Whose it is otherwise is not told (WA-08).

    Somebody else's that was removed is still theirs, for as long as it can be put back. One's own may be added anew.
    """
    present = WebAuthnDevice.everything.filter(credential_id=new.id)
    if present.filter(user=request.user, removed_by=None).exists():
        raise Refused(Problem.ALREADY_YOURS)
    if present.exclude(user=request.user).exists():
        raise Refused(Problem.TAKEN)


def _device_of(new: NewCredential, request: SignedInRequest, *, name: str) -> WebAuthnDevice:
    """The device to be, not stored yet. Raises Refused."""
    if not challenges.claim(new.client_data.challenge, question_to_add(request)):
        raise Refused(Problem.OVER)
    key = ceremonies.check_new(new)
    device = WebAuthnDevice(
        user=request.user,
        credential_id=new.id,
        public_key=key.public_key,
        sign_count=key.sign_count,
        user_handle=options.handle_of(request.user),
        aaguid=key.aaguid,
        transports=",".join(new.transports),
        is_discoverable=new.is_discoverable,
        verifies_user=key.verified_user,
        backup_eligible=key.backup_eligible,
        backed_up=key.backed_up,
    )
    device.name = name or (device.key_model.name if device.key_model else _("My key"))
    return device
