"""Django's session interface on our rows: settings.SESSION_ENGINE."""

from __future__ import annotations

import secrets
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.exceptions import SessionInterrupted

from accounts.sessions.models import Ending, Session
from lib import clock, crypto, place, prepared
from lib.prepared import PreparedSelect, PreparedUpdate

if TYPE_CHECKING:
    from accounts.sessions.proof import Proof
    from accounts.user.models import User
    from lib.origin import Origin

LONGEST_KEY = 64  # ours have 43 characters; what a browser claims is bounded before it is digested
VISITOR_AGE = timedelta(hours=1)  # a visitor's row holds scratch only, such as the id of a pending sign-in
TOUCH_EVERY = timedelta(minutes=1)
SUDO = timedelta(minutes=15)
_BY_KEY = PreparedSelect(
    lambda given: Session.objects.live(given.now).filter(key_digest=given.digest).select_related("user")
)
BRIEF = "brief"  # in the data: the browser has been told that the cookie ends with it


@cache
def _write_if_as_loaded(*columns: str, has_new_key: bool) -> PreparedUpdate[Session]:
    """Store these columns if the row is still as it was loaded.

    Another request may have ended the session meanwhile: it must not come back to life. Nor must a key that another
    request has replaced; whoever brings a new key has proved something for it.
    """
    kept = () if has_new_key else ("key_digest",)
    return PreparedUpdate(
        lambda given: Session.objects.filter(pk=given.pk, ended_at=None, **given.columns(kept)),
        lambda given: given.columns(columns),
    )


def digest_of(key: str) -> str:
    """A session key as the database knows it: reading the table does not let anyone in."""
    return crypto.keyed_digest("session", key)


class SessionStore(SessionBase):
    """The browser's session. Several changes in a request end in one statement."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._row: Session | None = None
        self._facts: dict[str, Any] = {}  # columns to write with the next save
        self._saved: tuple[str | None, bytes] | None = None  # key and data as the database has them

    @property
    def row(self) -> Session | None:
        """The stored session with its person, None for a visitor without one."""
        self._data()
        return self._row

    @property
    def digest(self) -> str:
        """What a pending sign-in is bound to."""
        return digest_of(self.session_key) if self.session_key else ""

    # ── What the sign-in writes ──
    def sign_in(self, user: User, origin: Origin, proof: Proof, *, known_browser: str) -> None:
        """Make this the session of a person who has proved everything asked for."""
        now = clock.now()
        idle = settings.STAFF_SESSION_IDLE if user.is_support else settings.SESSION_IDLE
        self[BRIEF] = user.asks_every_time
        age = settings.STAFF_SESSION_AGE if user.is_support else timedelta(seconds=settings.SESSION_COOKIE_AGE)
        self._facts |= {
            "user_id": user.pk,
            "former_digest": self.row.key_digest if self.row else "",
            "first_seen_at": now,
            "last_seen_at": now,
            "idle": idle,
            "idle_until": now + idle,
            "expires_at": now + age,
            "ip": origin.ip,
            "network_digest": origin.network_digest,
            "user_agent": origin.user_agent,
            "place": place.approximate_place(origin.ip),
            "proved_by": proof.proved_by,
            "browser_digest": proof.browser_digest,
            "known_browser": known_browser,
            "ends_with_browser": user.asks_every_time,
            "sudo_until": now + SUDO if proof.grants_sudo else None,
        }

    def take_over(self, row: Session, *, known_browser: str) -> None:
        """Go on as a session of this browser whose key it may never have got: it gets another, the first one dies."""
        self._row, self._facts = row, {"known_browser": known_browser}
        self._saved = None
        self._data().clear()
        self._data().update(self.decode(row.data))
        self.cycle_key()

    def grant_sudo(self) -> None:
        """Fifteen minutes, not sliding, under a new key."""
        self.cycle_key()
        self._facts["sudo_until"] = clock.now() + SUDO

    def drop_sudo(self) -> None:
        self._facts["sudo_until"] = None
        self.modified = True

    @property
    def has_sudo(self) -> bool:
        until = self._facts.get("sudo_until", self.row and self.row.sudo_until)
        return bool(until and until > clock.now())

    def keep(self, user: User) -> None:
        """Stay signed in through a change that ends every other session; the old key dies too."""
        self.cycle_key()
        self[HASH_SESSION_KEY] = user.get_session_auth_hash()
        self.save()

    def end(self, reason: Ending) -> None:
        """End the session for good and forget it in this browser."""
        if self.row is not None:
            Session.objects.filter(pk=self.row.pk, ended_at=None).update(ended_at=clock.now(), ended_by=reason, data="")
        self.clear()
        self._row, self._session_key, self._facts = None, None, {}

    def end_with_browser(self, *, wanted: bool) -> None:
        """The person has just said whether sessions outlast their browser: this one hears at once."""
        if self.row is not None:
            self.row.ends_with_browser = wanted
            self.update(self._told_how_long(self._data(), is_brief=wanted))

    # ── Django's interface ──
    def load(self) -> dict[str, Any]:
        now = clock.now()
        self._row = _BY_KEY.one(now=now, digest=self.digest) if self.session_key else None
        if self._row is None:
            self._session_key = None
            return {}
        if now - self._row.last_seen_at >= TOUCH_EVERY:
            Session.objects.filter(pk=self._row.pk).update(last_seen_at=now, idle_until=now + self._row.idle)
        data = self.decode(self._row.data)
        self._saved = (self.session_key, self.serializer().dumps(data))
        return self._told_how_long(data, is_brief=self._row.ends_with_browser)

    def save(self, must_create: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's signature
        del must_create
        data = self._data()
        if self.session_key is None:
            self._session_key = self._get_new_session_key()
        as_saved = (self.session_key, self.serializer().dumps(data))
        if self._facts or self._saved != as_saved:
            self._write({"key_digest": self.digest, "data": self.encode(data), **self._facts})
            self._saved, self._facts = as_saved, {}

    def cycle_key(self) -> None:
        """Give the session a new key; the old one dies with the next save (ASVS 7.2.4)."""
        self._data()
        self._session_key = self._get_new_session_key()
        self.modified = True

    def create(self) -> None:
        self._row, self._saved = None, None
        self._session_cache: dict[str, Any] = {}
        self.cycle_key()

    def flush(self) -> None:
        self.end(Ending.REPLACED)

    def delete(self, session_key: str | None = None) -> None:
        if session_key is None:
            self.end(Ending.SIGNED_OUT)
        else:
            Session.objects.filter(key_digest=digest_of(session_key)).delete()

    def exists(self, session_key: str) -> bool:
        return Session.objects.filter(key_digest=digest_of(session_key)).exists()

    @classmethod
    def clear_expired(cls) -> None:
        """Visitors' rows go when they expire; people's stay as a record until housekeeping takes them."""
        Session.objects.filter(user=None, expires_at__lt=clock.now()).delete()

    def is_empty(self) -> bool:
        """Whether this request ended it, so that the browser is to forget its key.

        One that was found dead says nothing about the key that the browser got meanwhile, as an answer may that was
        asked for before the sign-in and comes after it.
        """
        return self.modified and super().is_empty()

    def get_expire_at_browser_close(self) -> bool:
        """Whether the cookie goes without a date: the browser then drops it when it is closed."""
        return self.row is not None and self.row.ends_with_browser

    def _told_how_long(self, data: dict[str, Any], *, is_brief: bool) -> dict[str, Any]:
        """Send the cookie again, once, if the person has changed their mind since the browser got it."""
        self.modified = self.modified or data.get(BRIEF, False) != is_brief
        return data | {BRIEF: is_brief} if self.modified else data

    def _validate_session_key(self, key: str | None) -> bool:
        return bool(key) and len(key) <= LONGEST_KEY and super()._validate_session_key(key)  # type: ignore[misc, arg-type]

    def _get_new_session_key(self) -> str:
        return secrets.token_urlsafe(32)

    def _data(self) -> dict[str, Any]:
        """What the session holds, loaded at the first call."""
        data: dict[str, Any] = self._get_session()  # type: ignore[attr-defined]  # the stubs leave it out
        return data

    def _write(self, columns: dict[str, Any]) -> None:
        if self._row is None:
            now = clock.now()
            visitor = {"idle": VISITOR_AGE, "idle_until": now + VISITOR_AGE, "expires_at": now + VISITOR_AGE}
            row = Session(**{**visitor, **columns})
            prepared.insert(row)
            self._row = row
        else:
            statement = _write_if_as_loaded(*columns, has_new_key=columns["key_digest"] != self._row.key_digest)
            if not statement.run(pk=self._row.pk, **columns):
                raise SessionInterrupted("The session was ended or renewed in another request")
            for name, value in columns.items():
                setattr(self._row, name, value)
