"""From a form to an account, by way of the mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, transaction

from accounts.settings.time_zones import usual_in
from accounts.signup.models import Invitation, SignUp
from accounts.user.models import User
from accounts.user.typed_password import composed
from audit import events
from audit.actions import record
from lib import addresses, clock, languages
from messaging.actions import queue
from messaging.recipient import Recipient

if TYPE_CHECKING:
    from lib.origin import Origin


def ask_sign_up(*, email: str, name: str, password: str, country: str, invitation: Invitation | None) -> SignUp | None:
    """Send a link to confirm the address; to one that has an account already, a mail that says so.

    Whoever typed the address sees no difference, nor takes one longer: both cost a hash, a row and a message
    (ASVS 6.3.8).
    """
    hashed = make_password(composed(password))
    language = languages.present()
    with transaction.atomic():
        if invitation is not None and not _spend(invitation):
            return None
        sign_up = SignUp.objects.create(email=email, name=name, password=hashed, country=country, language=language)
        owner = User.objects.filter(email_compared=addresses.compared(email)).first()
        if owner is None:
            to = Recipient(email=email, language=language, name=name)
            queue("signup_verify", to=to, details={"sign_up": sign_up.pk}, expires_in=SignUp.lifetime)
        else:
            queue("signup_known", to=owner.recipient, user=owner, expires_in=SignUp.lifetime)
    return sign_up


@transaction.atomic
def verify_sign_up(sign_up: SignUp, *, origin: Origin) -> User | None:
    """Make the account; None if the link was spent, or the address got an account by another one."""
    spent = SignUp.objects.open().filter(pk=sign_up.pk).update(used_at=clock.now())
    user = _make_user(sign_up) if spent else None
    if user is None:
        return None
    record(events.SIGNED_UP, user=user, origin=origin.by(user))
    queue("welcome", to=user.recipient, user=user)
    return user


@transaction.atomic
def invite(email: str, *, language: str) -> Invitation:
    """Send somebody the link that lets them sign up. Raises addresses.NoAddress."""
    addresses.deliverable(email)
    invitation = Invitation.objects.create(email=addresses.tidied(email))
    to = Recipient(email=invitation.email, language=language, name="")
    queue("signup_invitation", to=to, details={"invitation": invitation.pk}, expires_in=Invitation.lifetime)
    return invitation


def _spend(invitation: Invitation) -> bool:
    return Invitation.objects.open().filter(pk=invitation.pk).update(used_at=clock.now()) == 1


def _make_user(sign_up: SignUp) -> User | None:
    """The account; None when another link for the same address was quicker, even by a moment."""
    try:
        with transaction.atomic():
            user = User.objects.create_user(
                email=sign_up.email,
                name=sign_up.name,
                country=sign_up.country,
                language=sign_up.language,
                time_zone=usual_in(sign_up.country),
            )
    except IntegrityError:
        return None
    user.password = sign_up.password
    user.save(update_fields=["password"])
    return user
