"""What an action must be shown before it adds a first second factor, or takes it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db.models import Min

from accounts.sessions.known import has_signed_in
from lib import clock, links
from twofactor.enrolment.models import EmailCheck, Enrolment

if TYPE_CHECKING:
    from accounts.requests import SignedInRequest

NEWCOMER = timedelta(days=1)  # an account this young has just confirmed its mailbox by signing up


class NotConfirmedByEmail(Exception):
    """The session is from a new place and its person has not been asked by mail."""


@dataclass(frozen=True)
class OwnUndo:
    """The link from the mail about a first method. Carried to the one action that it allows, beside OwnSudo."""

    user_id: int
    enrolment_id: int
    email: str  # whose mail the link was in


def undo_token(enrolment_id: int, email: str) -> str:
    """Each address gets a link of its own: a thief's must end when the account's owner has taken the address back."""
    return links.token_for(f"enrolment_undo:{email}", enrolment_id)


def own_undo(token: str) -> OwnUndo | None:
    """The proof; None for a link that is not ours, is over, or went to an address that alerts no longer go to."""
    pk = links.claimed_row_id(token) or 0
    enrolment = Enrolment.objects.open().filter(pk=pk).select_related("user").first()
    if enrolment is None or enrolment.is_vouched_for:
        return None
    addresses = (to.email for to in enrolment.user.recipients)
    email = next((to for to in addresses if links.row_id_of(f"enrolment_undo:{to}", token) == enrolment.pk), None)
    return OwnUndo(enrolment.user_id, enrolment.pk, email) if email else None


def must_confirm(request: SignedInRequest) -> bool:
    """Whether the person at hand, who has no second factor yet, must first open a link in a mail.

    A stolen password signs in from somewhere. Only the network counts: what a browser says of itself, a thief can say
    too. A place that was first seen a moment ago is new, however often the thief has signed in from it since.
    """
    now = clock.now()
    if now - request.user.created_at < NEWCOMER:
        return False
    here = request.user.sessions.filter(network_digest=request.origin.network_digest)
    arrived = here.aggregate(at=Min("first_seen_at"))["at"] or now
    if now - arrived >= settings.FIRST_METHOD_SETTLED:
        return False
    # The very first sign-in of an account is from nowhere else.
    return has_signed_in(request.user, before=arrived) and bool(awaited(request))


def require_confirmed(request: SignedInRequest) -> None:
    """Raises NotConfirmedByEmail."""
    if must_confirm(request):
        raise NotConfirmedByEmail


def awaited(request: SignedInRequest) -> list[str]:
    """The addresses that have not said yes to this session: every one that can take the account back must have.

    Whoever changed the email has its new mailbox; the former one is the owner's for as long as it can undo that.
    """
    mine = EmailCheck.objects.confirmed().filter(session=request.session.row, user=request.user)
    confirmed = set(mine.values_list("email", flat=True))
    return [to.email for to in request.user.recipients if to.email not in confirmed]
