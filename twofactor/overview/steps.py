"""The four steps to a well protected account, and which one is next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from lib.site import path_of

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise

    from accounts.user.models import User
    from twofactor.method import Method
    from twofactor.second_factor import SecondFactor


@dataclass(frozen=True)
class Step:
    """One of the four, with the words for those who have not done it."""

    is_done: bool
    todo: StrOrPromise
    why: StrOrPromise
    action: StrOrPromise
    url: str


def steps_of(user: User, rows: list[tuple[Method, list[SecondFactor]]]) -> list[Step]:
    """All four, the most urgent first."""
    own = [device for method, devices in rows for device in devices if not method.is_backup]
    backups = [device for method, devices in rows for device in devices if method.is_backup]
    return [_password(user), _two_steps(user, own), _codes(own, backups), _second_method(own)]


def _password(user: User) -> Step:
    return Step(
        is_done=not user.password_is_leaked,
        todo=_("Choose another password"),
        why=_("Yours appeared in a data leak. Others try such passwords first."),
        action=_("Change password"),
        url=path_of("accounts:password:change"),
    )


def _two_steps(user: User, own: list[SecondFactor]) -> Step:
    return Step(
        is_done=bool(own or user.method_returns_at),
        todo=_("Turn on two-step verification"),
        why=_("Right now anyone who learns your password gets in."),
        action=_("Turn on"),
        url=path_of("twofactor:devices:add"),
    )


def _codes(own: list[SecondFactor], backups: list[SecondFactor]) -> Step:
    return Step(
        is_done=bool(own and backups) and all(device.is_ready for device in backups),
        todo=_("Save your backup codes"),
        why=_("If you lose your phone, one of them gets you in."),
        action=_("Save codes"),
        url=path_of("twofactor:backup_codes:codes") if backups else path_of("twofactor:devices:overview"),
    )


def _second_method(own: list[SecondFactor]) -> Step:
    name = own[0].name if own else ""
    return Step(
        is_done=len(own) > 1,
        todo=_("Add a second way to sign in"),
        why=_("Right now only “%(name)s” can confirm a sign-in.") % {"name": name},
        action=_("Add a method"),
        url=path_of("twofactor:devices:add"),
    )
