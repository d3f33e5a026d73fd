"""Remembering a browser, taking its word for the second step, and forgetting it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.sessions.actions import end_disowned, end_stolen, end_with_browser
from accounts.sessions.proof import REMEMBERED_BROWSER, Proof
from accounts.user.models import User
from audit import events
from audit.actions import record
from lib import clock, place
from twofactor.policy import rules
from twofactor.trusted_browsers import cookie
from twofactor.trusted_browsers.models import LIFETIME, Ending, TrustedBrowser

if TYPE_CHECKING:
    from datetime import datetime

    from accounts.requests import Request, SignedInRequest
    from accounts.sessions.models import Session
    from lib.origin import Origin
    from twofactor.trusted_browsers.cookie import Shown


def vouch(user: User, request: Request) -> Proof | None:
    """What stands for the second step after the right password, None if it must be done.

    Call it in the transaction of the sign-in, which holds the person: the token changes with the session or not at all.
    """
    shown = cookie.shown_by(request)
    if shown is None or not rules.may_remember_browser(user):
        return None
    browser = TrustedBrowser.objects.of(user).filter(series_digest=shown.series_digest).first()
    if browser is None or not (_rotate(browser, shown, request) or _takes_part(browser, shown, request)):
        return None
    return Proof(proved_by=REMEMBERED_BROWSER, browser_digest=browser.series_digest, grants_sudo=False)


def remember(user: User, request: Request) -> str:
    """Let the browser at hand skip the second step, which it has just done; returns what its session is known by.

    Whatever was remembered in it before, for anybody, is over: the cookie has room for one.
    """
    now = clock.now()
    before = cookie.shown_by(request)
    if before is not None:
        _end(now, Ending.REPLACED, series_digest=before.series_digest, token_digest=before.token_digest)
    fresh = cookie.fresh()
    browser = TrustedBrowser.objects.create(
        user=user,
        auth_generation=user.auth_generation,
        series_digest=fresh.series_digest,
        token_digest=fresh.token_digest,
        created_at=now,
        expires_at=now + LIFETIME,
        **_seen(request.origin, now),
    )
    cookie.hand_over(request, fresh, until=browser.expires_at)
    return browser.series_digest


@transaction.atomic
def forget(browser: TrustedBrowser, *, origin: Origin) -> None:
    """Ask for the second step there again. Whoever is signed in there stays so."""
    if _end(clock.now(), Ending.FORGOTTEN, pk=browser.pk):
        record(events.BROWSER_FORGOTTEN, user=browser.user, origin=origin, name=browser.name)


@transaction.atomic
def forget_all(user: User, *, origin: Origin) -> None:
    """The same for every browser of the person."""
    if _end(clock.now(), Ending.FORGOTTEN, user=user):
        record(events.BROWSERS_FORGOTTEN, user=user, origin=origin)


def disown(session: Session) -> None:
    """End a session that its owner has called somebody else's, and the browser that was remembered with it.

    Call it with the person's row locked.
    """
    end_disowned(session)
    if session.browser_digest:
        _end(clock.now(), Ending.FORGOTTEN, series_digest=session.browser_digest)


@transaction.atomic
def ask_every_time(request: SignedInRequest, *, wanted: bool) -> None:
    """Ask for the second step whenever a browser is opened: no session outlasts it, and none is remembered.

    What was remembered before does not come back when the person changes their mind.
    """
    user = request.user
    if user.asks_every_time == wanted:
        return
    User.objects.select_for_update(no_key=True).get(pk=user.pk)  # before browsers, as a sign-in takes them
    _end(clock.now(), Ending.EVERY_TIME, user=user)
    if User.objects.filter(pk=user.pk, asks_every_time=not wanted).update(asks_every_time=wanted):
        end_with_browser(user, wanted=wanted)
        request.session.end_with_browser(wanted=wanted)
        record(events.EVERY_TIME_ON if wanted else events.EVERY_TIME_OFF, user=user, origin=request.origin)


def _rotate(browser: TrustedBrowser, shown: Shown, request: Request) -> bool:
    """Put a new token in the place of the one shown, if that is the present one: of several tabs one does it."""
    now, fresh = clock.now(), cookie.fresh(shown.series)
    present = TrustedBrowser.objects.filter(pk=browser.pk, ended_at=None, token_digest=shown.token_digest)
    moved = {"token_digest": fresh.token_digest, "previous_digest": shown.token_digest, "rotated_at": now}
    if not present.update(**moved, **_seen(request.origin, now)):
        return False
    cookie.hand_over(request, fresh, until=browser.expires_at)
    return True


def _takes_part(browser: TrustedBrowser, shown: Shown, request: Request) -> bool:
    """Whether another tab has used the same token a moment ago; the browser has the new one from there.

    Any other token of the series is an old copy. That is found here, once, and ends the browser everywhere.
    """
    # Locked, so that whoever finds a theft at this moment also finds the session that follows from this. The order is:
    # person, who is held since the sign-in began, browser, sessions.
    browser = TrustedBrowser.objects.select_for_update().get(pk=browser.pk)
    if browser.ended_at is not None:
        return False
    if browser.takes_previous(shown.token_digest, clock.now()):
        return True
    _end_stolen(browser, request)
    return False


def _end_stolen(browser: TrustedBrowser, request: Request) -> None:
    """Nobody can tell the thief from the owner: the browser counts no more, and both are signed out."""
    if _end(clock.now(), Ending.STOLEN, pk=browser.pk):
        end_stolen(browser.user_id, browser.series_digest)
        cookie.take_away(request)
        record(events.BROWSER_STOLEN, user=browser.user, origin=request.origin, browser=browser.name)


def _end(now: datetime, reason: Ending, **which: object) -> int:
    return TrustedBrowser.objects.filter(ended_at=None, **which).update(ended_at=now, ended_by=reason)


def _seen(origin: Origin, now: datetime) -> dict[str, object]:
    """The columns that say where it was used last."""
    return {
        "last_used_at": now,
        "ip": origin.ip,
        "user_agent": origin.user_agent,
        "place": place.approximate_place(origin.ip),
    }
