"""Ten codes for the day the phone is gone."""

from __future__ import annotations

import secrets
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING

from argon2.low_level import Type, hash_secret_raw
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.user.models import Protection
from lib import clock, codes, crypto
from lib.sealed_field import SealedField
from twofactor.second_factor import SecondFactor

if TYPE_CHECKING:
    from accounts.user.models import User
    from twofactor.second_factor import Devices

HOW_MANY = 10
LENGTH = 10  # Crockford base32 characters: 50 bits, so a stolen table must be hashed through slowly (ASVS 6.5.2)
SHOWN_FOR = timedelta(minutes=10)
MADE_WITHIN = timedelta(seconds=30)  # of the device that they came with


def new_salt() -> str:
    return secrets.token_hex(16)


class BackupCodes(SecondFactor):
    """A set of codes. A new set is a new row: the old one is removed with everything in it."""

    method_slug = "backup_codes"
    protection = Protection.NONE
    is_backup = True
    most = 1
    first_page = "twofactor:backup_codes:codes"

    binding = models.UUIDField(default=uuid.uuid4, editable=False)
    salt = models.CharField(max_length=32, default=new_salt)
    time_cost = models.PositiveSmallIntegerField()
    memory_kib = models.PositiveIntegerField()
    parallelism = models.PositiveSmallIntegerField()
    # The codes themselves, sealed, for as long as they may be shown; wiped then.
    sealed_codes = models.TextField(blank=True)
    shown_on_web_at = models.DateTimeField(null=True)
    shown_in_app_at = models.DateTimeField(null=True)
    saved_at = models.DateTimeField(null=True)  # the person said that they are in a safe place

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user"], condition=Q(removed_by=None), name="one_set_of_codes_each"),
        ]

    @classmethod
    def make_for(cls, user: User) -> None:
        """A fresh set, ready to be shown, for somebody who has none. Call it with the user's row locked."""
        plain = [codes.readable(LENGTH) for _number in range(HOW_MANY)]
        fresh = cls(
            user=user,
            name="",
            time_cost=settings.ARGON2_TIME_COST,
            memory_kib=settings.ARGON2_MEMORY_KIB,
            parallelism=settings.ARGON2_PARALLELISM,
        )
        fresh.sealed_codes = crypto.seal(" ".join(plain), purpose="backup_codes", bound_to=fresh._owner())
        fresh.save()
        BackupCode.objects.bulk_create(BackupCode(codes=fresh, digest=fresh.digest_of(code)) for code in plain)

    @classmethod
    def has_for_app(cls, device: SecondFactor) -> bool:
        return any(present.may_be_shown for present in cls._unseen_in_app(device))

    @classmethod
    def show_in_app(cls, device: SecondFactor) -> list[str]:
        """Of two requests at once one gets them."""
        unseen = cls._unseen_in_app(device)
        plain = [code for present in unseen for code in present.plain]
        return plain if plain and unseen.update(shown_in_app_at=clock.now()) else []

    @classmethod
    def _unseen_in_app(cls, device: SecondFactor) -> models.QuerySet[BackupCodes]:
        """The set that came with the device: a phone that was added later, or a set that was renewed, shows nothing."""
        with_it = (device.created_at, device.created_at + MADE_WITHIN)
        return cls.objects.filter(user=device.user_id, created_at__range=with_it, shown_in_app_at=None)

    @classmethod
    def prepare(cls, devices: Devices, answer: str) -> str:
        """The typed code as its digest: the slow hash is done before any row is locked, one whatever was typed."""
        present = devices.query().first()
        return present.digest_of(answer) if isinstance(present, cls) else ""

    def accepts(self, answer: str) -> bool:
        """Spend the code with this digest by one conditional update, so that it counts once."""
        return self.codes.filter(digest=answer, used_at=None).update(used_at=clock.now()) == 1

    def has_spent(self, answer: str) -> bool:
        return self.codes.filter(digest=answer).exclude(used_at=None).exists()

    @property
    def called(self) -> str:
        return _("Backup codes")

    @property
    def is_ready(self) -> bool:
        return self.saved_at is not None

    @property
    def is_first_set(self) -> bool:
        """Whether it came when two-step verification was turned on, and has not been renewed since."""
        with_it = (self.created_at, self.created_at + MADE_WITHIN)
        return self.user.enrolments.filter(created_at__range=with_it).exists()

    @property
    def left(self) -> int:
        return self.codes.filter(used_at=None).count()

    @property
    def plain(self) -> list[str]:
        """The codes as people read them, while they may be shown; else none."""
        if not self.may_be_shown:
            return []
        opened = crypto.unseal(self.sealed_codes, purpose="backup_codes", bound_to=self._owner())
        return [codes.grouped(code, LENGTH // 2, "-") for code in opened.split()]

    @property
    def may_be_shown(self) -> bool:
        return bool(self.sealed_codes) and clock.now() < self.created_at + SHOWN_FOR

    @property
    def waits_for_web(self) -> bool:
        """Whether the web page may still show them and has not done so."""
        return self.may_be_shown and self.shown_on_web_at is None

    def digest_of(self, code: str) -> str:
        """Argon2id over the peppered code: without the key a stolen table cannot even be guessed at."""
        peppered = crypto.keyed_digest("backup_codes", self.user_id, code)
        hashed = hash_secret_raw(
            peppered.encode(),
            bytes.fromhex(self.salt),
            time_cost=self.time_cost,
            memory_cost=self.memory_kib,
            parallelism=self.parallelism,
            hash_len=32,
            type=Type.ID,
        )
        return hashed.hex()

    def _owner(self) -> str:
        return f"{self._meta.label_lower}|codes|{self.binding}|{self.user_id}"

    sealed_fields = (SealedField("sealed_codes", purpose="backup_codes", bound_to=_owner),)  # rotate_keys finds it here


class BackupCode(models.Model):
    """One code of a set, as its digest."""

    codes = models.ForeignKey(BackupCodes, on_delete=models.CASCADE, related_name="codes")
    digest = models.CharField(max_length=64)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["codes", "digest"], name="one_row_a_code")]

    def __str__(self) -> str:
        return f"code {self.pk}"
