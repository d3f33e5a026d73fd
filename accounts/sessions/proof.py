"""What a session rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django_otp.models import Device

PASSWORD = "password"  # noqa: S105 - the name of a proof
REMEMBERED_BROWSER = "remembered_browser"
NO_SECOND_STEP = ("", PASSWORD, REMEMBERED_BROWSER)  # in such a session no second step was done


@dataclass(frozen=True, kw_only=True)
class Proof:
    """What was proved at the sign-in, or is taken as proved."""

    proved_by: str  # one of the names above, or a method's slug
    device: Device | None = None  # that accepted the answer
    browser_digest: str = ""  # which remembered browser it happened in, if any
    grants_sudo: bool = True
