"""manage.py create_admin and invite; what housekeeping takes away."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.housekeeping import purge
from accounts.models import Invitation, LoginAttempt, PasswordReset, Session, User
from lib.models import Counter
from tests.bed.people import PASSWORD, code_app, give_password, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db


def printed_by(*command: str) -> str:
    out = StringIO()
    call_command(*command, stdout=out)
    return out.getvalue()


def test_the_first_of_the_staff_chooses_a_password_by_the_printed_link() -> None:
    printed = printed_by("create_admin", "Nadia@Sallyport.example", "--name", "Nadia Keller", "--country", "ch")
    path = re.search(r"http://localhost:8000(/password/reset/\S+/)", printed)
    assert path is not None

    nadia = User.objects.get()
    assert (nadia.email, nadia.is_support, nadia.country) == ("nadia@sallyport.example", True, "CH")
    assert not Client().login(username=nadia.email, password="")
    assert Client().post(path[1], {"password": PASSWORD}).status_code == 302
    assert sign_in(Client(), nadia).headers["Location"] == "/security/"
    assert Client().get(path[1]).status_code == 410


def test_an_address_is_used_once_and_must_be_one(alice: User) -> None:
    for address in (alice.email, "no-address"):
        with pytest.raises(CommandError):
            call_command("create_admin", address)
    assert User.objects.count() == 1


def test_inviting_sends_a_mail_each(outbox: Callable[[], list[EmailMultiAlternatives]]) -> None:
    printed_by("invite", "a@else.example", "b@else.example")

    assert sorted(mail.to[0] for mail in outbox()) == ["a@else.example", "b@else.example"]
    assert Invitation.objects.count() == 2


def test_housekeeping_takes_what_is_over_and_nothing_else(alice: User, clock: TestClock) -> None:
    code_app(alice)
    give_password(Client(), alice)
    Client().post("/password/forgot/", {"login": alice.email})
    Client().post("/login/", {"login": "nobody@else.example", "password": "x"})
    clock.advance(timedelta(days=29))
    assert purge() >= 0
    assert (LoginAttempt.objects.count(), PasswordReset.objects.count()) == (1, 1)

    clock.advance(timedelta(days=300))
    purge()

    assert not LoginAttempt.objects.exists()
    assert not PasswordReset.objects.exists()
    assert not Session.objects.exists()
    assert not Counter.objects.filter(window_ends_at__lt=clock.now() - timedelta(days=90)).exists()
    assert User.objects.filter(pk=alice.pk).exists()
