"""Signing in: the right password begins it, the second step or nothing more finishes it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.contrib import auth
from django.db import transaction
from django.middleware.csrf import rotate_token
from django.utils.module_loading import import_string

from accounts.lock import gate
from accounts.login import alerts
from accounts.login.models import LoginAttempt, oldest_start
from accounts.sessions import known_browser
from accounts.sessions.actions import forget_browsers
from accounts.sessions.models import Ending, Session
from accounts.sessions.proof import PASSWORD, Proof
from accounts.sessions.store import digest_of
from accounts.user.actions import renew_auth
from accounts.user.models import User
from audit import events
from audit.actions import record
from lib import clock, prepared
from lib.prepared import PreparedSelect

if TYPE_CHECKING:
    from collections.abc import Callable

    from django_otp.models import Device

    from accounts.requests import Request, SignedInRequest

ATTEMPT_KEY = "login_attempt"
SENT_TWICE_WITHIN = timedelta(seconds=30)
NAME_KEY = "login_name"  # of whoever has just confirmed it in this browser: the form shows it
_PENDING_HERE = PreparedSelect(  # with what finishing it needs
    lambda given: (
        LoginAttempt.objects.pending(given.since)
        .filter(pk=given.pk, session_digest=given.digest)
        .select_related("user__audit_head")
    )
)


@dataclass(frozen=True)
class Opened:
    """A session, and the sign-in that opened it."""

    session: Session
    attempt: LoginAttempt


class AttemptIsOver(Exception):
    """The pending sign-in was finished, ran out or died between the question and the answer."""


def begin(request: Request, user: User, *, next_url: str) -> str:
    """Go on after the right password; returns where to. Raises AccountLocked and AttemptIsOver.

    Signs in here and now only if settings.SECOND_STEP, which gets the stored attempt, says that nothing more is
    asked, or what stands for it. An exception in that hook leaves this function and its transaction with it: nobody
    gets in by a mistake.
    """
    try:
        return _begin(request, user, next_url)
    except gate.AccountLocked:
        gate.note_refused(user.pk, request.origin)
        raise


@transaction.atomic
def _begin(request: Request, proved: User, next_url: str) -> str:
    attempt = _start(request, _as_proved(proved), next_url)
    wanted = _second_step(attempt, request)
    if not isinstance(wanted, str):
        if wanted is not None and not isinstance(wanted, Proof):
            raise TypeError("SECOND_STEP says neither where to go nor what stands for it")
        attempt.close(LoginAttempt.State.FINISHED)
        _sign_in(request, attempt, wanted or Proof(proved_by=PASSWORD))
        return next_url
    request.session[ATTEMPT_KEY] = attempt.pk
    request.session.save()
    return wanted


def attempt_of(request: Request) -> LoginAttempt | None:
    """The sign-in that is pending in this browser, if any."""
    attempt_id = request.session.get(ATTEMPT_KEY)
    if attempt_id is None:
        return None
    return _PENDING_HERE.one(pk=attempt_id, digest=request.session.digest, since=oldest_start())


def over_in(request: Request) -> LoginAttempt | None:
    """The last sign-in that was begun in this browser, pending or not."""
    attempt_id = request.session.get(ATTEMPT_KEY, 0)
    here = LoginAttempt.objects.filter(pk=attempt_id, session_digest=request.session.digest)
    return here.select_related("user").first() if attempt_id else None


def just_opened(request: Request) -> Opened | None:
    """What another request of this browser has just signed in, if this one came with the key of before.

    That key alone lets nobody in: whoever planted it in the browser has it too.
    """
    key = request.COOKIES.get(settings.SESSION_COOKIE_NAME, "")
    if not key:
        return None
    now = clock.now()
    here = Session.objects.live(now).filter(former_digest=digest_of(key), first_seen_at__gt=now - SENT_TWICE_WITHIN)
    session = here.first()
    finished = LoginAttempt.objects.filter(session_digest=digest_of(key), state=LoginAttempt.State.FINISHED)
    attempt = finished.filter(user=session.user_id).select_related("user").last() if session else None
    return Opened(session, attempt) if session and attempt else None


def go_on_in(request: Request, opened: Opened) -> None:
    """The answer to the form that was faster may never be read: then the browser has only this one's key."""
    request.session.take_over(opened.session, known_browser=known_browser.keep(request, opened.attempt.user))
    request.session.save()
    rotate_token(request)


def finish(request: Request, attempt: LoginAttempt, *, device: Device, method: str, browser_digest: str = "") -> None:
    """Sign in with a device that has just accepted an answer; method is its slug.

    The caller has claimed the attempt and holds the transaction of the answer: answer, attempt, session and record
    are written together or not at all.
    """
    _sign_in(request, attempt, Proof(proved_by=method, device=device, browser_digest=browser_digest))


def sign_in_alone(request: Request, device: Device, *, method: str, next_url: str) -> None:
    """Sign in with a device that has just proved both factors by itself, without a password.

    The caller holds the transaction of the answer, and the owner since before the device was asked. The attempt begins
    and ends here: it asks of the account what any other would. Raises AttemptIsOver, and AccountLocked: the way out of
    a lock begins with a new password.
    """
    if device.user.is_locked:
        raise gate.AccountLocked
    attempt = _start(request, device.user, next_url)
    if not attempt.claim():
        raise AttemptIsOver
    _sign_in(request, attempt, Proof(proved_by=method, device=device))


@transaction.atomic
def sign_out(request: Request) -> None:
    """End the session, or the sign-in that is still pending, on the server as well as in the browser."""
    attempt = attempt_of(request)
    if attempt is not None:
        attempt.close(LoginAttempt.State.ABANDONED)
    user = request.user if request.user.is_authenticated else None
    request.session.end(Ending.SIGNED_OUT)
    auth.logout(request)
    if user is not None:
        record(events.SIGNED_OUT, user=user, origin=request.origin.by(user))


@transaction.atomic
def sign_out_everywhere(request: SignedInRequest) -> None:
    """The same for every browser of the person, the one at hand included."""
    sign_out_elsewhere(request)
    forget_browsers(request.user.pk)
    sign_out(request)


@transaction.atomic
def sign_out_elsewhere(request: SignedInRequest) -> None:
    """The same for every other one, also those that are between the password and the second step.

    None is remembered any more, and only the one at hand still known: a thief may hold copies of what they hold.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=request.user.pk)  # as whoever else ends their sessions
    LoginAttempt.objects.pending().filter(user=user).update(state=LoginAttempt.State.ABANDONED)
    renew_auth(user, session=request.session, reason=Ending.ELSEWHERE)
    forget_browsers(user.pk, but=request.session.row)
    record(events.SESSIONS_ENDED, user=user, origin=request.origin)


def _as_proved(proved: User) -> User:
    """The person as they are now, held. Raises AccountLocked, and AttemptIsOver if what they proved counts no more.

    To check a password takes long enough for its owner to lock the account, or to choose another one, meanwhile.
    """
    user = User.objects.held(proved.pk)
    if user is None or not user.is_active:
        raise AttemptIsOver
    gate.refuse_locked(user)
    if user.auth_generation != proved.auth_generation:
        raise AttemptIsOver
    return user


def _start(request: Request, user: User, next_url: str) -> LoginAttempt:
    request.session.cycle_key()
    request.session.pop(NAME_KEY, None)
    attempt = LoginAttempt(
        user=user,
        session_digest=request.session.digest,
        auth_generation=user.auth_generation,
        next_url=next_url,
        ip=request.origin.ip,
        user_agent=request.origin.user_agent,
        is_from_new_place=alerts.is_new_place(user, request.origin),
    )
    prepared.insert(attempt)
    return attempt


def _second_step(attempt: LoginAttempt, request: Request) -> str | Proof | None:
    """The URL of the challenge; what stands for it; or None when the password is enough. Only the hook may say so."""
    hook = cast("Callable[[LoginAttempt, Request], str | Proof | None]", import_string(settings.SECOND_STEP))
    return hook(attempt, request)


def _sign_in(request: Request, attempt: LoginAttempt, proof: Proof) -> None:
    """The only caller of auth.login: a new session key, one write (ASVS 7.2.4). Raises AccountLocked.

    With the person of the attempt held, as each way in does first: what is written here about them is true when it is
    written, and whoever locks the account next finds it.
    """
    user = attempt.user
    gate.pass_through(user, request.origin, device=proof.device)
    request.session.pop(ATTEMPT_KEY, None)
    user.otp_device = proof.device  # type: ignore[attr-defined]  # django-otp's receiver notes it
    auth.login(request, user)
    request.origin = request.origin.by(user)
    request.session.sign_in(user, request.origin, proof, known_browser=known_browser.keep(request, user))
    request.session.save()
    event = events.SIGNED_IN_NEW if attempt.is_from_new_place else events.SIGNED_IN
    row = record(event, user=user, origin=request.origin, method=proof.proved_by)
    if attempt.is_from_new_place:
        alerts.tell_new_place(user, event_id=row.pk)
