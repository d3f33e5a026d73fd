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
from accounts.sessions.actions import end_by_digest
from accounts.user.models import User
from audit import events
from audit.actions import record
from lib import clock, limits, place
from lib.user_agent import browser_and_system
from messaging.actions import queue
from twofactor.challenge import budget
from twofactor.methods.push import wakeup
from twofactor.methods.push.limits import MOST_NO, hold_of, is_paused, sent_lately
from twofactor.methods.push.models import REQUEST_LIFETIME, PushDevice, PushRequest

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
    if request.state == PushRequest.State.DENIED and decision.reason and not request.is_trial:
        return _give_reason(device, request, decision.reason, origin)
    if request.state != PushRequest.State.PENDING:
        return Outcome.ANSWERED
    if request.is_late or not PushRequest.objects.waited_for().filter(pk=request.pk).exists():
        return Outcome.EXPIRED
    outcome: Outcome | None
    if request.is_trial:
        outcome = _take_trial(device, request, decision)
    elif decision.is_yes:
        outcome = _say_yes(device, request, decision)
    else:
        outcome = _say_no(device, request, decision, origin)
    return outcome or Outcome.ANSWERED


def _take_trial(device: PushDevice, request: PushRequest, decision: Decision) -> Outcome | None:
    """Nothing hangs on it, so nothing is reserved for it, recorded or ended."""
    is_right = constant_time_compare(decision.number, request.number)
    outcome = Outcome.DENIED if not decision.is_yes else Outcome.APPROVED if is_right else Outcome.WRONG_NUMBER
    return outcome if _answer(request, outcome.name, device=device) else None


def _say_yes(device: PushDevice, request: PushRequest, decision: Decision) -> Outcome | None:
    """A number is a guess until it is right: the try is reserved before it is looked at, as for any other answer."""
    reservation = budget.reserve(request.user, request.origin)
    is_right = constant_time_compare(decision.number, request.number)
    with transaction.atomic():
        if is_right:
            limits.give_back(reservation)
        if not _answer(request, "APPROVED" if is_right else "WRONG_NUMBER", device=device):
            return None  # a wrong one that came too late stays taken: giving it back opens the counter anew
        if not is_right:
            record(events.ANSWER_WRONG, user=request.user, origin=request.origin, method=device.method_slug)
    return Outcome.APPROVED if is_right else Outcome.WRONG_NUMBER


@transaction.atomic
def _say_no(device: PushDevice, request: PushRequest, decision: Decision, origin: Origin) -> Outcome | None:
    """The safe answer costs one tap. "Not me" ends what waits in that browser too: somebody knows the password."""
    if not _answer(request, "DENIED", device=device, reason=decision.reason):
        return None
    if decision.reason == PushRequest.Reason.NOT_ME:
        _not_me(device, request, origin)
    else:
        event = events.PUSH_PAUSED if is_paused(request.user) else events.PUSH_DENIED
        record(event, user=request.user, origin=origin, name=device.name, times=str(MOST_NO))
    return Outcome.DENIED


@transaction.atomic
def _give_reason(device: PushDevice, request: PushRequest, reason: str, origin: Origin) -> Outcome:
    """After a no that came alone, as a notification's button gives it: once, by the phone that said it."""
    since = clock.now() - REASON_WITHIN
    alone = PushRequest.objects.filter(pk=request.pk, state=PushRequest.State.DENIED, reason="", device=device)
    if not alone.filter(answered_at__gt=since).update(reason=reason):
        return Outcome.ANSWERED
    if reason == PushRequest.Reason.NOT_ME:
        _not_me(device, request, origin)
    return Outcome.DENIED


def _not_me(device: PushDevice, request: PushRequest, origin: Origin) -> None:
    _end_waiting(request)
    record(events.PUSH_NOT_ME, user=request.user, origin=origin, name=device.name)


def _answer(request: PushRequest, state: str, **columns: Any) -> bool:
    """One conditional UPDATE: a request is answered once, and not a moment after its two minutes."""
    now = clock.now()
    waiting = PushRequest.objects.filter(pk=request.pk, state=PushRequest.State.PENDING, expires_at__gt=now)
    if not waiting.update(state=PushRequest.State[state], answered_at=now, **columns):
        return False
    transaction.on_commit(partial(wakeup.tell, request.pk, state.lower()))
    return True


def _end_waiting(request: PushRequest) -> None:
    """The sign-in; or, where somebody who is signed in was to confirm, that session."""
    if request.attempt is None:
        end_by_digest(request.user, request.browser)
    else:
        pending = LoginAttempt.objects.filter(pk=request.attempt_id or 0, state=LoginAttempt.State.PENDING)
        pending.update(state=LoginAttempt.State.ABANDONED)


def _context(asked: Asked, user: User) -> dict[str, object]:
    """What helps to tell one's own sign-in from another's, in the person's language."""
    browser, system = browser_and_system(asked.origin.user_agent)
    with translation.override(user.language):
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
