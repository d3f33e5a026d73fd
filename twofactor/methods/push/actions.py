"""Asking a person's phones, and taking their answer."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import translation
from django.utils.crypto import constant_time_compare

from accounts.login.models import LoginAttempt
from accounts.sessions.models import Session
from accounts.user.models import User
from audit import events
from audit.actions import record
from lib import clock, languages, place
from lib.user_agent import browser_and_system
from messaging.actions import queue
from twofactor.methods.push import wakeup
from twofactor.methods.push.limits import MOST_NO, hold_of, is_paused, sent_lately
from twofactor.methods.push.models import REQUEST_LIFETIME, PushDevice, PushRequest
from twofactor.trusted_browsers.actions import disown

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from lib.origin import Origin
    from twofactor.challenge.asked import Asked


REASON_WITHIN = timedelta(minutes=10)


class Outcome(enum.Enum):
    """What became of a decision."""

    APPROVED = enum.auto()
    DENIED = enum.auto()
    WRONG_NUMBER = enum.auto()
    EXPIRED = enum.auto()
    NOT_ME = enum.auto()  # denied, and what waited, or was let in, has ended
    ANSWERED = enum.auto()  # before, or by another phone, or there is a newer request


@dataclass(frozen=True)
class Decision:
    """What a person said on the phone: with a yes the number they typed, with a no the reason if they gave one."""

    is_yes: bool
    number: str = ""
    reason: str = ""


def send(asked: Asked) -> None:
    """Ask every phone of the account, unless something speaks against it: then the page says so."""
    _ask(asked, PushDevice.objects.filter(user=asked.user, confirmed=True))


def try_out(asked: Asked, device: PushDevice) -> PushRequest | None:
    """Ask one phone for nothing but its answer. None if something speaks against it."""
    return _ask(asked, PushDevice.objects.filter(pk=device.pk), tried=device)


@transaction.atomic
def _ask(asked: Asked, devices: QuerySet[PushDevice], tried: PushDevice | None = None) -> PushRequest | None:
    """With the person's row locked, so that of several browsers at the same instant one gets its request out."""
    user = User.objects.select_for_update(no_key=True).get(pk=asked.user.pk)
    if user.is_barred or hold_of(asked) is not None:
        return None
    PushRequest.objects.filter(user=user, state=PushRequest.State.PENDING).update(state=PushRequest.State.REPLACED)
    now = clock.now()
    request = PushRequest.objects.create(
        user=user,
        attempt=asked.attempt,
        browser=asked.browser,
        session_id=asked.session,
        purpose=asked.purpose.value,
        auth_generation=user.auth_generation,
        context=_context(asked, user),
        ip=asked.origin.ip,
        user_agent=asked.origin.user_agent,
        device=tried,
        created_at=now,
        expires_at=now + REQUEST_LIFETIME,
    )
    for device in devices.filter(subscription__state="active"):
        details: dict[str, int | str] = {"request": request.pk, "subscription": device.subscription_id or 0}
        queue(
            "push_request",
            to=user.recipient,
            user=user,
            channel="push",
            details=details,
            expires_in=REQUEST_LIFETIME,
        )
    return request


def decide(device: PushDevice, request: PushRequest, decision: Decision, origin: Origin) -> Outcome:
    """Take the answer of a phone that has signed it: its owner gave it. Raises TooManyAttempts."""
    origin = origin.by(request.user)
    if not decision.is_yes and not request.is_trial:
        return _say_no(device, request, decision.reason, origin)
    if request.state != PushRequest.State.PENDING:
        return Outcome.ANSWERED
    if not _is_waited_for(request):
        return Outcome.EXPIRED
    take = _take_trial if request.is_trial else _say_yes
    return take(device, request, decision) or Outcome.ANSWERED


def _take_trial(device: PushDevice, request: PushRequest, decision: Decision) -> Outcome | None:
    """Nothing hangs on it, so nothing is reserved for it, recorded or ended."""
    is_right = constant_time_compare(decision.number, request.number)
    outcome = Outcome.DENIED if not decision.is_yes else Outcome.APPROVED if is_right else Outcome.WRONG_NUMBER
    return outcome if _answer(request, outcome.name, device=device) else None


def _say_yes(device: PushDevice, request: PushRequest, decision: Decision) -> Outcome | None:
    """The number is tried once, by whoever holds the phone; how often a phone is asked is limited."""
    is_right = constant_time_compare(decision.number, request.number)
    with transaction.atomic():
        if not _answer(request, "APPROVED" if is_right else "WRONG_NUMBER", device=device):
            return None
        if not is_right:
            record(events.ANSWER_WRONG, user=request.user, origin=request.origin, method=device.method_slug)
    return Outcome.APPROVED if is_right else Outcome.WRONG_NUMBER


@transaction.atomic
def _say_no(device: PushDevice, request: PushRequest, reason: str, origin: Origin) -> Outcome:
    """The safe answer costs one tap, and wins over a yes, from whichever phone that came."""
    request = _held(request, device)
    if request.state == PushRequest.State.DENIED and reason:
        return _give_reason(device, request, reason, origin)
    if request.state not in (PushRequest.State.PENDING, *PushRequest.SAID_YES):
        return Outcome.ANSWERED
    is_against_session = _is_against_session(request, reason)
    if not is_against_session and not _is_waited_for(request):
        return Outcome.EXPIRED
    if is_against_session:  # one phone said yes, one says no: that is as good as "not me" until somebody says otherwise
        _end_session(request)
        reason = reason or PushRequest.Reason.NOT_ME
    return _deny(device, request, reason, origin)


def _held(request: PushRequest, device: PushDevice) -> PushRequest:
    """The request as it is now, nobody else's until the transaction ends.

    A sign-in that collects a yes holds the person: either it finds none, or we find its session. A confirmation holds
    devices. So they are locked before the request, as there.
    """
    User.objects.held(request.user_id)
    list(PushDevice.objects.select_for_update(no_key=True).filter(pk=device.pk))
    return PushRequest.objects.select_for_update(of=("self",)).select_related("attempt", "user").get(pk=request.pk)


def _is_against_session(request: PushRequest, reason: str) -> bool:
    """Whether somebody is in whom this no is about: by the yes; or another way, of which only "not me" speaks."""
    was_collected = request.state == PushRequest.State.SPENT
    return was_collected or (request.has_let_in and reason == PushRequest.Reason.NOT_ME)


def _is_waited_for(request: PushRequest) -> bool:
    """Whether an answer can still change anything. A yes may be collected for a moment after the request's end."""
    is_over = request.state == PushRequest.State.PENDING and request.is_late
    return not is_over and PushRequest.objects.waited_for().filter(pk=request.pk).exists()


def _deny(device: PushDevice, request: PushRequest, reason: str, origin: Origin) -> Outcome:
    columns = {"state": PushRequest.State.DENIED, "reason": reason, "device": device, "answered_at": clock.now()}
    PushRequest.objects.filter(pk=request.pk).update(**columns)
    transaction.on_commit(partial(wakeup.tell, request.pk, "denied"))
    if reason == PushRequest.Reason.NOT_ME:
        return _not_me(device, request, origin)
    event = events.PUSH_PAUSED if is_paused(request.user) else events.PUSH_DENIED
    record(event, user=request.user, origin=origin, name=device.name, times=str(MOST_NO))
    return Outcome.DENIED


def _give_reason(device: PushDevice, request: PushRequest, reason: str, origin: Origin) -> Outcome:
    """After a no that came alone, as a notification's button gives it: once, by the phone that said it."""
    said = request.answered_at
    if request.device_id != device.pk or said is None or said <= clock.now() - REASON_WITHIN:
        return Outcome.ANSWERED
    if request.reason:  # sent once more, by a phone that may not have read the answer
        is_same = request.reason == reason == PushRequest.Reason.NOT_ME
        return Outcome.NOT_ME if is_same else Outcome.ANSWERED
    PushRequest.objects.filter(pk=request.pk).update(reason=reason)
    return _not_me(device, request, origin) if reason == PushRequest.Reason.NOT_ME else Outcome.DENIED


def _not_me(device: PushDevice, request: PushRequest, origin: Origin) -> Outcome:
    """It ends what waits in that browser, or is in it by now: somebody knows the password."""
    if request.attempt is None or request.has_let_in:
        _end_session(request)
    else:
        pending = LoginAttempt.objects.filter(pk=request.attempt.pk, state=LoginAttempt.State.PENDING)
        pending.update(state=LoginAttempt.State.ABANDONED)
    record(events.PUSH_NOT_ME, user=request.user, origin=origin, name=device.name)
    return Outcome.NOT_ME


def _end_session(request: PushRequest) -> None:
    session = Session.objects.filter(pk=request.session_id or 0, user=request.user).first()
    if session is not None:
        disown(session)


def _answer(request: PushRequest, state: str, **columns: Any) -> bool:
    """One conditional UPDATE: a request is answered once, and not a moment after its two minutes."""
    now = clock.now()
    waiting = PushRequest.objects.filter(pk=request.pk, state=PushRequest.State.PENDING, expires_at__gt=now)
    if not waiting.update(state=PushRequest.State[state], answered_at=now, **columns):
        return False
    transaction.on_commit(partial(wakeup.tell, request.pk, state.lower()))
    return True


def _context(asked: Asked, user: User) -> dict[str, object]:
    """What helps to tell one's own sign-in from another's, in the person's language."""
    browser, system = browser_and_system(asked.origin.user_agent)
    with translation.override(languages.spoken(user.language)):
        where = place.approximate_place(asked.origin.ip)
    return {
        "purpose": asked.purpose.value,
        "application": settings.PRODUCT_NAME,
        "account": user.email,
        "browser": browser,
        "system": system,
        "place": where,
        "asked_at": clock.now().isoformat(),
        "is_new_place": asked.attempt is not None and asked.attempt.is_from_new_place,
        "lately": sent_lately(user) + 1,
    }
