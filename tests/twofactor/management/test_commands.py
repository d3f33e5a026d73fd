"""manage.py portal_invariants and reopen_codes."""

from __future__ import annotations

from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Session, User
from lib.limits import TooManyAttempts
from lib.models import Counter
from organizations.members.models import Membership
from organizations.organization.models import Organization
from tests.bed.people import code_app, give_password, sign_in, totp_code
from twofactor.challenge import budget
from twofactor.models import TOTPDevice

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.django_db


def problems() -> str:
    """What the command complains about; "" when it is content."""
    err = StringIO()
    try:
        call_command("portal_invariants", stdout=StringIO(), stderr=err)
    except CommandError:
        assert err.getvalue()
    return err.getvalue()


@pytest.fixture
def member(alice: User) -> User:
    """Alice in an organization, signed in with her code app."""
    code_app(alice)
    organization = Organization.objects.create(name="Alpina", slug="alpina")
    Membership.objects.create(user=alice, organization=organization, protection=alice.protection)
    sign_in(Client(), alice)
    return alice


@pytest.mark.usefixtures("member")
def test_it_is_content_with_what_the_portal_does() -> None:
    assert problems() == ""


@pytest.mark.parametrize(
    ("break_it", "complaint"),
    [
        (lambda: User.objects.update(protection=0), "protection is 0"),
        (lambda: Membership.objects.update(protection=0), "differs from the person's"),
        (lambda: Session.objects.update(proved_by="password"), "lacks the second factor"),
        (lambda: TOTPDevice.objects.update(sealed_secret="v1.gone.AAAA"), "does not open"),
    ],
)
@pytest.mark.usefixtures("member")
def test_it_finds_what_is_broken(break_it: Callable[[], int], complaint: str) -> None:
    break_it()

    assert complaint in problems()


def test_codes_are_reopened_for_one_person(alice: User) -> None:
    device = code_app(alice)
    browser = Client()
    give_password(browser, alice)
    origin = browser.get("/login/").wsgi_request.origin
    key = budget.IN_ALL.key(alice.pk)
    budget.reserve(alice, origin)

    Counter.objects.filter(key=key).update(in_a_row=100)
    with pytest.raises(TooManyAttempts):
        budget.reserve(alice, origin)

    call_command("reopen_codes", alice.login_id, stdout=StringIO())

    assert browser.post("/login/verify/totp/", {"code": totp_code(device)}).status_code == 302
    with pytest.raises(CommandError):
        call_command("reopen_codes", "nobody@else.example")
