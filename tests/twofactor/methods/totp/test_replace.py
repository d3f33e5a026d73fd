"""/2fa/totp/<id>/replace/: to a new phone without a gap."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pyotp
import pytest
from django.test import Client

from accounts.user.models import Protection
from audit.models import SecurityEvent
from lib import clock as portal_clock
from tests.bed.people import PASSWORD, code_app, give_password, sign_in, totp_code
from twofactor.models import TOTPDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(alice: User) -> TOTPDevice:
    return code_app(alice, "Old phone")


@pytest.fixture
def owner(old: TOTPDevice) -> Client:
    client = Client()
    sign_in(client, old.user)
    return client


def page_of(device: TOTPDevice) -> str:
    return f"/2fa/totp/{device.pk}/replace/"


def shown_secret(client: Client, device: TOTPDevice) -> str:
    page = client.get(page_of(device)).content.decode()
    return re.sub(r"\s", "", re.search(r'id="totp-secret"[^>]*>([^<]+)<', page)[1])


def test_the_new_one_comes_as_the_old_one_goes(
    owner: Client, old: TOTPDevice, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    secret = shown_secret(owner, old)
    before = len(outbox())

    answer = owner.post(page_of(old), {"code": pyotp.TOTP(secret).at(portal_clock.now()), "name": "New phone"})

    assert (answer.status_code, answer["Location"]) == (302, "/2fa/")
    [new] = TOTPDevice.objects.filter(user=old.user)
    assert (new.name, new.secret) == ("New phone", secret)
    old.user.refresh_from_db()
    assert (old.user.protection, old.user.protection_lost_at) == (Protection.STRONG, None)
    event = SecurityEvent.objects.get(slug="method.replaced")
    assert event.details == {"method": "totp", "old_name": "Old phone", "name": "New phone"}
    assert [mail.to for mail in outbox()[before:]] == [[old.user.email]]
    assert owner.get("/2fa/").wsgi_request.user.is_verified()


def test_the_secret_is_a_new_one_and_the_name_is_kept(owner: Client, old: TOTPDevice) -> None:
    assert shown_secret(owner, old) != old.secret
    assert 'value="Old phone"' in owner.get(page_of(old)).content.decode()


def test_until_then_the_old_one_works_and_afterwards_it_does_not(
    owner: Client, old: TOTPDevice, clock: TestClock
) -> None:
    secret = shown_secret(owner, old)
    clock.advance(timedelta(seconds=60))
    other = Client()
    assert sign_in(other, old.user).status_code == 302
    assert other.get("/2fa/").status_code == 200

    owner.post(page_of(old), {"code": pyotp.TOTP(secret).at(portal_clock.now()), "name": "New"})

    clock.advance(timedelta(seconds=60))
    give_password(other, old.user)
    assert other.post("/login/verify/totp/", {"code": totp_code(old)}).status_code == 422
    code = pyotp.TOTP(secret).at(portal_clock.now())
    assert other.post("/login/verify/totp/", {"code": code}).status_code == 302


def test_a_wrong_code_changes_nothing(owner: Client, old: TOTPDevice) -> None:
    secret = shown_secret(owner, old)

    page = owner.post(page_of(old), {"code": totp_code(old), "name": "Mine"})

    assert page.status_code == 422
    assert 'value="Mine"' in page.content.decode()
    assert TOTPDevice.objects.get(user=old.user).pk == old.pk
    assert shown_secret(owner, old) == secret


def test_other_sessions_end(owner: Client, old: TOTPDevice, clock: TestClock) -> None:
    clock.advance(timedelta(seconds=60))
    elsewhere = Client()
    sign_in(elsewhere, old.user)

    code = pyotp.TOTP(shown_secret(owner, old)).at(portal_clock.now())
    owner.post(page_of(old), {"code": code, "name": "New"})

    assert elsewhere.get("/2fa/").status_code == 302
    assert owner.get("/2fa/").status_code == 200


def test_somebody_elses_is_404(owner: Client, bob: User) -> None:
    bobs = code_app(bob)

    assert owner.get(page_of(bobs)).status_code == 404
    assert owner.post(page_of(bobs), {"code": "123456", "name": "x"}).status_code == 404


def test_signed_out_people_are_sent_to_sign_in(client: Client, old: TOTPDevice) -> None:
    assert client.get(page_of(old))["Location"].startswith("/login/")


def test_after_fifteen_minutes_it_asks_to_confirm_and_keeps_the_name(
    owner: Client, old: TOTPDevice, clock: TestClock
) -> None:
    clock.advance(timedelta(minutes=16))

    refused = owner.post(page_of(old), {"code": "123456", "name": "Typed before"})
    owner.post(refused["Location"], {"code": totp_code(old)})
    page = owner.get(page_of(old)).content.decode()

    assert 'value="Typed before"' in page
    assert "123456" not in page
    assert "Your last change wasn&#x27;t saved" in page


def test_the_page_to_manage_it_leads_there(owner: Client, old: TOTPDevice) -> None:
    assert page_of(old) in owner.get(f"/2fa/totp/{old.pk}/").content.decode()


def test_a_password_is_not_enough(old: TOTPDevice) -> None:
    half = Client()
    half.post("/login/", {"login": old.user.email, "password": PASSWORD})

    assert half.get(page_of(old))["Location"].startswith("/login/")
