"""Who is asked for an answer, where and what for: an answer given for one question must not serve another."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import TYPE_CHECKING

from accounts.login.actions import ATTEMPT_KEY

if TYPE_CHECKING:
    from accounts.login.models import LoginAttempt
    from accounts.requests import Request, SignedInRequest
    from accounts.user.models import User
    from lib.origin import Origin


class Purpose(enum.Enum):
    """What a right answer leads to."""

    SIGN_IN = "sign_in"
    CONFIRM = "confirm"
    TRIAL = "trial"  # nothing: a method is tried out


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One person in one browser. Methods that ask something of their own (a key, a phone) bind it to this."""

    user: User
    purpose: Purpose
    browser: str  # the digest of its session's key: only this browser may answer
    origin: Origin
    session: int | None = None  # the row of that session, which stays the same through every new key
    attempt: LoginAttempt | None = None  # the sign-in that waits for the answer; None when confirming
    earlier: int | None = None  # the sign-in that this browser had begun before


def asked_to_sign_in(request: Request, attempt: LoginAttempt) -> Asked:
    return Asked(
        user=attempt.user,
        purpose=Purpose.SIGN_IN,
        browser=attempt.session_digest,
        origin=request.origin,
        session=_row_of(request),
        attempt=attempt,
        earlier=request.session.get(ATTEMPT_KEY),
    )


def asked_to_confirm(request: SignedInRequest) -> Asked:
    return Asked(
        user=request.user,
        purpose=Purpose.CONFIRM,
        browser=request.session.digest,
        origin=request.origin,
        session=_row_of(request),
    )


def _row_of(request: Request) -> int | None:
    return request.session.row.pk if request.session.row else None
