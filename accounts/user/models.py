"""The person."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth import hashers
from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from accounts.user import login_id
from accounts.user.typed_login import canonical
from audit import chain
from lib import clock
from lib.prepared import PreparedSelect
from messaging.recipient import Recipient

if TYPE_CHECKING:
    from django.db.models import QuerySet


class Protection(models.IntegerChoices):
    """The strongest second factor a person has or is getting back; written by twofactor.devices alone."""

    NONE = 0, _("Off")
    WEAK = 1, _("Basic")
    STRONG = 2, _("Strong")
    PHISHING_RESISTANT = 3, _("Strongest")


class LockReason(models.TextChoices):
    """Why nobody gets in."""

    NOT_ME = "not_me", _("Somebody said by a link in our mail that it was not them")


class UserManager(BaseUserManager["User"]):
    """People, found by what they type at sign-in."""

    def create_user(self, *, email: str, password: str | None = None, **fields: Any) -> User:
        """Make an account; the password is hashed, None makes one that nobody can sign in with."""
        user = self.model(email=email.lower(), login_id=self._free_login_id(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        chain.open_for(user)
        return user

    def by_login(self, login: str) -> User | None:
        """The person with that e-mail address or login ID, in any case."""
        login = canonical(login)
        return _BY_EMAIL.one(email=login) if "@" in login else _BY_LOGIN_ID.one(login_id=login)

    def holding(self, pk: int) -> QuerySet[User]:
        """The person as they are now; until the transaction ends nobody locks the account or changes what proves them.

        Before anything else of theirs is locked: whoever changes their methods takes the person first, then devices.
        """
        return self.select_for_update(no_key=True).filter(pk=pk)

    def held(self, pk: int) -> User | None:
        return _HELD.one(pk=pk)

    def _free_login_id(self) -> str:
        candidates = map(login_id.candidate, count())
        return next(found for found in candidates if not self.filter(login_id=found).exists())


class User(AbstractBaseUser):
    """An account. Second factors refer to it; it does not know them."""

    email = models.EmailField(unique=True)  # kept in lower case
    login_id = models.CharField(max_length=16, unique=True)
    name = models.CharField(max_length=150)
    language = models.CharField(max_length=10, default="en")
    country = models.CharField(max_length=2)  # of domicile, ISO 3166-1
    time_zone = models.CharField(max_length=64, default="UTC")
    alerts_new_places = models.BooleanField(default=True)  # changes are told in any case
    password_is_leaked = models.BooleanField(default=False)  # found when it was last given right
    asks_every_time = models.BooleanField(default=False)  # for the second step, whenever the browser is opened
    is_active = models.BooleanField(default=True)
    # Nobody gets in, whatever they know: accounts.lock.gate.
    locked_at = models.DateTimeField(null=True)
    locked_for = models.CharField(max_length=32, choices=LockReason.choices, blank=True)
    mailbox_shown_at = models.DateTimeField(null=True)  # since then: a new password by mail, half of the way out
    is_support = models.BooleanField(default=False)  # support staff: shorter sessions, the review console
    # Raised by every change of password or methods: what was proved before it no longer counts.
    auth_generation = models.PositiveIntegerField(default=0)
    protection = models.PositiveSmallIntegerField(choices=Protection.choices, default=Protection.NONE)
    protection_lost_at = models.DateTimeField(null=True)  # when the last second factor went, until there is one again
    method_returns_at = models.DateTimeField(null=True)  # when a removed second factor counts again, unless stopped
    created_at = models.DateTimeField(default=clock.now)
    last_login = None  # the session rows know better, one a browser

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    objects = UserManager()

    class Meta:
        indexes = [
            models.Index(
                fields=["method_returns_at"], condition=Q(method_returns_at__isnull=False), name="methods_that_return"
            ),
        ]

    def __str__(self) -> str:
        return self.login_id

    @property
    def first_name(self) -> str:
        """What a page calls them."""
        return next(iter(self.name.split()), self.login_id)

    @property
    def initials(self) -> str:
        words = self.name.split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()

    @property
    def recipient(self) -> Recipient:
        return Recipient(email=self.email, language=self.language, name=self.name)

    @property
    def recipients(self) -> list[Recipient]:
        """Where alerts go: the address, then those that can still take the account back. A thief may have the first."""
        former = self.email_changes.undoable().exclude(old_email=self.email).values_list("old_email", flat=True)
        old = [Recipient(email=email, language=self.language, name=self.name) for email in sorted(set(former))]
        return [self.recipient, *old]

    @property
    def is_locked(self) -> bool:
        """Whether sign-ins, application passwords and pushes are refused."""
        return self.locked_at is not None

    @property
    def is_barred(self) -> bool:
        """Locked, and no new password was set by mail since: not even a second step is asked for."""
        return self.is_locked and self.mailbox_shown_at is None

    @property
    def zone(self) -> ZoneInfo:
        """Their time zone; UTC when there is none of that name (tzdata renames and drops zones)."""
        try:
            return ZoneInfo(self.time_zone)
        except (KeyError, ValueError, OSError):
            return ZoneInfo("UTC")

    def check_password(self, raw_password: str | None) -> bool:
        """Whether it is right; one that was hashed with other parameters is hashed anew.

        Unlike Django's, it does not put the old password back when a new one was set in the same instant.
        """

        def rehash(password: str) -> None:
            fresh = hashers.make_password(password)
            if User.objects.filter(pk=self.pk, password=self.password).update(password=fresh):
                self.password = fresh

        return hashers.check_password(raw_password, self.password, rehash)

    def _get_session_auth_hash(self, secret: str | None = None) -> str:
        """Ties a session to the password and to the generation: raising either ends it at its next request."""
        proved = f"{self.password}:{self.auth_generation}"
        return salted_hmac("accounts.session", proved, secret=secret, algorithm="sha256").hexdigest()

    def get_session_auth_hash(self) -> str:
        return self._get_session_auth_hash(settings.SECRET_KEY)


# With the end of the record: noting a wrong password then takes as many steps for somebody as for nobody.
_BY_EMAIL = PreparedSelect(lambda given: User.objects.filter(email=given.email).select_related("audit_head"))
_BY_LOGIN_ID = PreparedSelect(lambda given: User.objects.filter(login_id=given.login_id).select_related("audit_head"))
_HELD = PreparedSelect(lambda given: User.objects.holding(given.pk))
