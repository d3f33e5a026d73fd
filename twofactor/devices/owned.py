"""What second factors a person has: questions that rules, pages and actions ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import django_otp

from accounts.user.models import Protection
from twofactor.second_factor import SecondFactor

if TYPE_CHECKING:
    from accounts.user.models import User


def kinds() -> list[type[SecondFactor]]:
    """Every kind of device there is, found through django-otp: this module knows no method by name."""
    return [kind for kind in django_otp.device_classes() if issubclass(kind, SecondFactor)]


def is_last(device: SecondFactor) -> bool:
    """Whether nothing would be left to ask for without this device. Backups do not count: they must never be alone."""
    others = [kind.objects.filter(user_id=device.user_id, confirmed=True) for kind in kinds() if not kind.is_backup]
    return not any(left.exclude(pk=device.pk if left.model is type(device) else None).exists() for left in others)


def has_room(user: User, kind: type[SecondFactor]) -> bool:
    """Whether the person may have one more of this kind, or of one that is asked together with it.

    What counts again soon has its place already.
    """
    relatives = [other for other in kinds() if issubclass(other, kind.family())]
    had = sum(other.objects.filter(user=user).count() for other in relatives)
    return had + sum(isinstance(device, kind.family()) for device in returning(user)) < kind.most


def returning(user: User) -> list[SecondFactor]:
    """Removed devices that count again soon, unless somebody stops it."""
    return [
        device
        for kind in kinds()
        for device in kind.everything.filter(user=user).exclude(returns_by=None).order_by("pk")
    ]


def protection_of(user: User) -> Protection:
    """The strongest kind of confirmed device a person has, read from the devices themselves.

    One that counts again soon is among them: meanwhile nothing less may open the account.
    """
    had = [kind.protection for kind in kinds() if kind.objects.filter(user=user, confirmed=True).exists()]
    return max([*had, *(device.protection for device in returning(user))], default=Protection.NONE)


def page_after(twin: SecondFactor) -> str:
    """The URL name of where somebody goes on who has sent the same device twice."""
    backups = [kind for kind in kinds() if kind.is_backup] if is_last(twin) else []
    return backups[0].first_page if backups else "twofactor:devices:overview"
