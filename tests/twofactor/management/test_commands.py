"""manage.py portal_invariants and reopen_codes."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import TYPE_CHECKING

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import Session, User
from lib import clock
from lib.limits import TooManyAttempts
from lib.models import Counter
from organizations.members.models import Membership
from organizations.organization.models import Organization
from tests.bed.people import code_app, give_password, sign_in, totp_code
from tests.twofactor.trusted_browsers.remembering import remembered, sign_in_again
from twofactor.challenge import budget
from twofactor.models import TOTPDevice, TrustedBrowser

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


def remembered_session(user: User) -> Session:
    """In a browser that stood for the second step."""
    browser = remembered(user)
    sign_in_again(browser, user)
    return Session.objects.latest("pk")


def test_it_is_content_with_a_remembered_browser_whatever_became_of_it(alice: User) -> None:
    code_app(alice)
    remembered_session(alice)
    content = problems()
    TrustedBrowser.objects.update(ended_at=clock.now() + timedelta(hours=1))

    assert content == problems() == ""


@pytest.mark.parametrize(
    "break_it",
    [
        lambda: TrustedBrowser.objects.all().delete(),
        lambda: TrustedBrowser.objects.update(ended_at=clock.now() - timedelta(hours=1)),
        lambda: TrustedBrowser.objects.update(expires_at=clock.now() - timedelta(hours=1)),
        lambda: TrustedBrowser.objects.update(created_at=clock.now() + timedelta(hours=1)),
        lambda: TrustedBrowser.objects.update(user=User.objects.get(name="Bob Example")),
        lambda: Session.objects.update(browser_digest=""),
        lambda: Session.objects.update(proved_by="totp", first_seen_at=clock.now() - timedelta(hours=1)),
        lambda: Session.objects.update(proved_by="webauthn"),
    ],
)
def test_it_finds_a_session_that_nothing_stood_for(break_it: Callable[[], int], alice: User, bob: User) -> None:
    code_app(alice)
    remembered_session(alice)
    assert bob.pk

    break_it()

    assert "lacks the second factor" in problems()


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
