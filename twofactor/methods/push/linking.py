"""Linking a phone: by a pairing that a computer shows and confirms, or by a session on the phone itself."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from django.db import IntegrityError, transaction
from django.utils.crypto import constant_time_compare

from accounts.sudo.actions import own_sudo
from audit import events
from audit.actions import record
from lib import clock, codes, crypto
from messaging.actions import forget_subscription
from messaging.models import PushSubscription
from messaging.push_endpoint import Endpoint
from twofactor import timed_codes
from twofactor.devices.actions import add
from twofactor.methods.push import keys
from twofactor.methods.push.models import CODE_LENGTH, PAIRING_LIFETIME, Pairing, PushDevice, TurnedOffDevice

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from accounts.requests import SignedInRequest
    from accounts.sessions.models import Session
    from accounts.user.models import User


class AlreadyLinked(Exception):
    """A key names one device for ever."""


class NoPairing(Exception):
    """There is none with this token or code, or it is over."""


@dataclass(frozen=True)
class Phone:
    """What a phone says of itself when it is linked."""

    key: dict[str, str]
    name: str
    subscription: dict[str, str] | None  # endpoint, p256dh, auth

    @property
    def thumbprint(self) -> str:
        return keys.thumbprint(self.key)


def pairing_of(request: SignedInRequest) -> Pairing:
    """The pairing that this browser shows; a new one where there is none or it is over. A reload shows the same."""
    mine = Pairing.objects.filter(user=request.user, session=request.session.row).order_by("-pk").first()
    return mine if mine is not None and not mine.is_over else open_pairing(request)


@transaction.atomic
def open_pairing(request: SignedInRequest) -> Pairing:
    """Instead of any other of this browser: an old code that is still on some screen is worth nothing."""
    session = cast("Session", request.session.row)
    _live().filter(user=request.user, session=session).update(state=Pairing.State.REFUSED)
    pairing = Pairing(user=request.user, session=session, binding=uuid.uuid4())
    pairing.token_digest = _digest(pairing.token)
    pairing.code_digest = _digest(pairing.code)
    pairing.save()
    return pairing


def claim(secret: str, phone: Phone) -> Pairing:
    """A phone has scanned the token or been given the code: one, once. Nothing is linked yet. Raises NoPairing."""
    code = codes.as_readable(secret)
    digests = [_digest(secret), _digest(code) if codes.is_readable(code, CODE_LENGTH) else ""]
    with transaction.atomic():
        refuse_known(phone)
        wanted = _live().filter(state=Pairing.State.OPEN)
        pairing = (wanted.filter(token_digest=digests[0]) | wanted.filter(code_digest=digests[1])).first()
        if pairing is None:
            raise NoPairing
        claimed = {
            "state": Pairing.State.CLAIMED,
            "thumbprint": phone.thumbprint,
            "public_key": phone.key,
            "name": phone.name,
            "subscription": subscribe(pairing.user, phone.subscription),
        }
        if not wanted.filter(pk=pairing.pk).update(**claimed):
            raise NoPairing
    pairing.refresh_from_db()
    return pairing


def confirm(pairing: Pairing, number: str, request: SignedInRequest) -> str | None:
    """Link the phone whose two digits these are, and return the URL name to go on to.

    None, and the pairing is over, if they are another's: one try, since somebody else may have seen the code.
    """
    claimed = _live().filter(pk=pairing.pk, state=Pairing.State.CLAIMED, session=request.session.row)
    try:
        with transaction.atomic():
            if constant_time_compare(number, pairing.check_number):
                return _link(pairing, claimed, request)
            record(events.ANSWER_WRONG, user=request.user, origin=request.origin, method=PushDevice.method_slug)
            _refuse(pairing, claimed)
    except IntegrityError:  # the phone was quicker, and has brought its key by another way too
        _refuse(pairing, claimed)
    return None


def link_by_session(request: SignedInRequest, phone: Phone) -> PushDevice:
    """The phone's own browser is signed in: nobody else has to confirm. Raises AlreadyLinked."""
    proof = own_sudo(request)
    try:
        with transaction.atomic():
            refuse_known(phone)
            device = _device_of(request.user, phone, subscribe(request.user, phone.subscription))
            add(device, by=proof, request=request)
    except IntegrityError:
        raise AlreadyLinked from None  # by another call at the same instant
    return device


@transaction.atomic
def renew_subscription(device: PushDevice, info: dict[str, str] | None) -> None:
    """Another address for pushes, or none."""
    old = device.subscription_id
    device.subscription = subscribe(device.user, info)
    device.save(update_fields=["subscription"])
    forget_subscription(old)


def subscribe(user: User, info: dict[str, str] | None) -> PushSubscription | None:
    """Store where pushes go. Raises NotAllowed for an address that none may go to."""
    if info is None:
        return None
    Endpoint.parse(info["endpoint"])
    return PushSubscription.objects.create(user=user, **info)


def refuse_known(phone: Phone) -> None:
    """Raises AlreadyLinked."""
    known = [
        PushDevice.everything.filter(thumbprint=phone.thumbprint),
        TurnedOffDevice.objects.filter(thumbprint=phone.thumbprint),
        Pairing.objects.filter(thumbprint=phone.thumbprint),
    ]
    if any(rows.exists() for rows in known):
        raise AlreadyLinked


def _link(pairing: Pairing, claimed: QuerySet[Pairing], request: SignedInRequest) -> str | None:
    if not claimed.update(state=Pairing.State.LINKED):
        return None
    device = _device_of(request.user, Phone(pairing.public_key, pairing.name, None), pairing.subscription)
    return add(device, by=own_sudo(request), request=request)


def _refuse(pairing: Pairing, claimed: QuerySet[Pairing]) -> None:
    if claimed.update(state=Pairing.State.REFUSED):  # in another tab it may be linked by now, and need the address
        forget_subscription(pairing.subscription_id)


def _device_of(user: User, phone: Phone, subscription: PushSubscription | None) -> PushDevice:
    device = PushDevice(
        user=user,
        name=phone.name,
        thumbprint=phone.thumbprint,
        public_key=phone.key,
        subscription=subscription,
    )
    device.secret = timed_codes.new_secret()
    return device


def _live() -> QuerySet[Pairing]:
    """Pairings that may still become something."""
    young = Pairing.objects.filter(created_at__gt=clock.now() - PAIRING_LIFETIME)
    return young.filter(state__in=(Pairing.State.OPEN, Pairing.State.CLAIMED))


def _digest(secret: str) -> str:
    return crypto.keyed_digest("pairing", secret)
