"""What "Secure my account" goes through, one step after the other. None of them is a must.

A step is done when what is stored shows it, or when the person has said in this session that all is well. It opens
again when something new comes that they have not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING, cast

from django.conf import settings
from django.urls import reverse
from django.utils.module_loading import import_string

from accounts.email.models import EmailChange
from accounts.sessions.models import Session
from audit import events
from audit.events import Category
from audit.models import SecurityEvent
from lib import clock
from twofactor import registry
from twofactor.trusted_browsers.models import TrustedBrowser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from django_stubs_ext import StrPromise

    from accounts.requests import SignedInRequest
    from accounts.user.models import User
    from audit.models import SecurityEventQuerySet
    from twofactor.method import Method
    from twofactor.second_factor import SecondFactor

LATELY = timedelta(days=7)
MOST_CHANGES = 50
MOST_SIGN_INS = 4  # of each kind below: nobody can hide one that got in behind many that did not
GOT_IN = (events.SIGNED_IN_NEW.slug, events.BACKUP_USED.slug)
STOPPED = (events.HALF_FINISHED.slug, events.PUSH_NOT_ME.slug, events.BROWSER_STOLEN.slug)
NEW_PASSWORD = (events.PASSWORD_CHANGED.slug, events.PASSWORD_RESET.slug)
# Where what an event tells of can be put right.
PUT_RIGHT = {
    events.EMAIL_CHANGE_ASKED.slug: "accounts:email:change",
    events.EMAIL_CHANGED.slug: "accounts:email:change",
    events.NAME_CHANGED.slug: "accounts:profile:edit",
    events.COUNTRY_CHANGED.slug: "accounts:profile:edit",
    events.ALERTS_OFF.slug: "accounts:settings:edit",
    events.METHODS_ON.slug: "twofactor:devices:disable",
    events.METHODS_OFF.slug: "twofactor:devices:add",
    events.METHOD_ADDED.slug: "twofactor:devices:overview",
    events.METHOD_REPLACED.slug: "twofactor:devices:overview",
    events.METHOD_REMOVED.slug: "twofactor:devices:add",
    events.CODES_RENEWED.slug: "twofactor:backup_codes:renew",
}
NAMES = ("sign_ins", "password", "methods", "browsers", "more", "changes", "codes")
SESSION_KEY = "secured"


@dataclass(frozen=True)
class Step:
    """One that another feature adds through settings.SECURE_STEPS, such as application passwords."""

    title: StrPromise
    text: StrPromise
    label: StrPromise  # of the link
    address: str


@dataclass(frozen=True)
class Change:
    """What changed lately, and where it is put right; "" when nowhere."""

    event: SecurityEvent
    address: str


@dataclass(frozen=True)
class Part:
    """A step as the page shows it: open, or folded when it is done."""

    name: str
    is_done: bool
    is_next: bool

    @property
    def title(self) -> str:
        return f"twofactor/not_me/steps/_{self.name}_title.html"

    @property
    def body(self) -> str:
        return f"twofactor/not_me/steps/_{self.name}.html"


class Look:
    """One look of a person at their account. asked_about is the number of an event that they came for, if any."""

    def __init__(self, request: SignedInRequest, asked_about: int | None = None) -> None:
        self.request, self.user, self.asked_about = request, request.user, asked_about
        self.since = clock.now() - LATELY
        self._seen: dict[str, float] = request.session.get(SESSION_KEY, {})

    @cached_property
    def parts(self) -> list[Part]:
        done = self._done
        following = next((name for name in done if not done[name]), "")
        return [Part(name, is_done=is_done, is_next=name == following) for name, is_done in done.items()]

    @property
    def done_count(self) -> int:
        return sum(part.is_done for part in self.parts)

    @property
    def is_all_done(self) -> bool:
        return self.done_count == len(self.parts)

    @cached_property
    def sign_ins(self) -> list[SecurityEvent]:
        """Those that may have been somebody else, and the one that the person came for first."""
        asked = SecurityEvent.objects.of(self.user).filter(seq=self.asked_about) if self.asked_about else ()
        got_in, stopped = (
            [event for event in self._recent.filter(slug__in=slugs)[: MOST_SIGN_INS + 1] if not self._is_own(event)]
            for slugs in (GOT_IN, STOPPED)
        )
        found = chain(asked, got_in[:MOST_SIGN_INS], stopped[:MOST_SIGN_INS])
        return list(dict.fromkeys(found))

    @cached_property
    def new_password(self) -> SecurityEvent | None:
        """The last one, if it is newer than what is strange: whoever knew the one before is out."""
        last = self._recent.filter(slug__in=NEW_PASSWORD).first()
        return last if last is not None and self._is_newer(last) else None

    @cached_property
    def is_sign_in_over(self) -> bool:
        """Whether a new password has ended all that a stranger could have had."""
        return bool(self.sign_ins) and self.new_password is not None

    @cached_property
    def devices(self) -> list[tuple[Method, SecondFactor]]:
        methods = [method for method in registry.METHODS if not method.is_backup]
        return [(method, device) for method in methods for device in method.devices_of(self.user)]

    @property
    def is_only_one(self) -> bool:
        return len(self.devices) == 1

    @cached_property
    def other_sessions(self) -> list[Session]:
        live = Session.objects.live(clock.now()).filter(user=self.user)
        return list(live.exclude(key_digest=self.request.session.digest))

    @cached_property
    def other_browsers(self) -> list[TrustedBrowser]:
        """Those that may skip the second step, but for the one at hand."""
        here = self.request.session.row
        found = TrustedBrowser.objects.of(self.user)
        return list(found.exclude(series_digest=here.browser_digest) if here and here.browser_digest else found)

    @cached_property
    def more(self) -> list[Step]:
        hooks = [cast("Callable[[User], Step | None]", import_string(path)) for path in settings.SECURE_STEPS]
        return [step for hook in hooks if (step := hook(self.user)) is not None]

    @cached_property
    def changes(self) -> list[Change]:
        recent = self._recent.in_category(Category.CHANGE)
        return [Change(event, self._put_right(event)) for event in recent[:MOST_CHANGES]]

    @cached_property
    def pending_email(self) -> EmailChange | None:
        return EmailChange.objects.open().filter(user=self.user).first()

    @cached_property
    def new_codes(self) -> SecurityEvent | None:
        last = self._recent.filter(slug=events.CODES_RENEWED.slug).first()
        return last if last is not None and self._is_newer(last) else None

    @property
    def days(self) -> int:
        return LATELY.days

    @cached_property
    def _done(self) -> dict[str, bool]:
        """Every step that there is for this person, in order."""
        others = [session.first_seen_at for session in self.other_sessions]
        others += [browser.created_at for browser in self.other_browsers]
        strange = [change.event.created_at for change in self.changes if not self._is_own(change.event)]
        done = {
            "sign_ins": not self.sign_ins or self.is_sign_in_over or self._has_seen("sign_ins", self._sign_in_times),
            "password": self.new_password is not None or self._has_seen("password", self._sign_in_times),
            "methods": self._has_seen("methods", [device.created_at for _method, device in self.devices]),
            "browsers": not others or self._has_seen("browsers", others),
            "more": self._has_seen("more", []),
            "changes": not self.pending_email and (not self.changes or self._has_seen("changes", strange)),
            "codes": self.new_codes is not None or self._has_seen("codes", self._sign_in_times),
        }
        missing = {"more": not self.more, "codes": not self.devices}
        return {name: done[name] for name in NAMES if not missing.get(name)}

    @cached_property
    def _recent(self) -> SecurityEventQuerySet:
        return SecurityEvent.objects.of(self.user).filter(created_at__gt=self.since)

    @cached_property
    def _sign_in_times(self) -> list[datetime]:
        return [event.created_at for event in self.sign_ins]

    def _is_newer(self, event: SecurityEvent) -> bool:
        return all(event.created_at > moment for moment in self._sign_in_times) or self._has_seen(
            "sign_ins", self._sign_in_times
        )

    def _has_seen(self, name: str, moments: Iterable[datetime]) -> bool:
        return name in self._seen and all(moment.timestamp() <= self._seen[name] for moment in moments)

    def _is_own(self, event: SecurityEvent) -> bool:
        """What this very session has done."""
        here = self.request.session.row
        by = (event.ip, event.user_agent)
        return here is not None and by == (here.ip, here.user_agent) and event.created_at >= here.first_seen_at

    def _put_right(self, event: SecurityEvent) -> str:
        name = PUT_RIGHT.get(event.slug, "")
        needs_method = name in {"twofactor:devices:disable", "twofactor:backup_codes:renew"}
        return reverse(name) if name and (self.user.protection or not needs_method) else ""


def note_seen(request: SignedInRequest, name: str) -> None:
    """The person has looked at a step, and all is well. It holds for this session, and for what was there by now."""
    request.session[SESSION_KEY] = {**request.session.get(SESSION_KEY, {}), name: clock.now().timestamp()}
