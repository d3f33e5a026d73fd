"""/secure/: what to look through after a fright; nothing happens there by itself."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils.translation import gettext_lazy as _

from audit.models import SecurityEvent
from tests.accounts.browsers import is_in
from tests.accounts.lock.locking import NEW, lock, set_password
from tests.bed.people import code_app, sign_in, totp_code
from twofactor.models import TOTPDevice
from twofactor.not_me.steps import Step

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
PAGE = "/secure/"


def app_passwords(_user: User) -> Step:
    return Step(_("App passwords"), _("Three of them."), _("Look at them"), "/app-passwords/")


def test_whoever_opens_a_locked_account_comes_here(alice: User) -> None:
    device, browser = code_app(alice), Client()
    lock(alice)
    set_password(alice, browser=browser)

    answer = browser.post("/login/verify/totp/", {"code": totp_code(device)}, follow=True)

    assert answer.request["PATH_INFO"] == PAGE
    assert "Secure my account" in answer.content.decode()
    assert "Your password was reset" in answer.content.decode()
    assert "You’re signed in only here." in answer.content.decode()


def test_without_a_second_step_too(alice: User) -> None:
    lock(alice)
    browser = Client()
    address = set_password(alice, browser=browser)["Location"]

    answer = browser.post(address, {"login": alice.email, "password": NEW, "next": PAGE}, follow=True)

    assert address == "/login/?next=%2Fsecure%2F"
    assert answer.request["PATH_INFO"] == PAGE
    assert "Turn on two-step verification" in answer.content.decode()


def test_a_new_method_is_marked_and_an_old_one_is_not(alice: User, clock: TestClock) -> None:
    TOTPDevice.objects.filter(pk=code_app(alice, "Old one").pk).update(created_at=clock.now() - timedelta(days=30))
    code_app(alice, "Strange one")
    browser = Client()
    sign_in(browser, alice)

    page = browser.get(PAGE).content.decode()

    assert page.count("badge warn") == 1
    assert page.index("Old one") < page.index("badge warn")
    assert "It is your only one" not in page


def test_removing_a_strange_method_leads_back(alice: User) -> None:
    code_app(alice)
    browser = Client()
    sign_in(browser, alice)
    strange = code_app(alice, "Strange one")
    address = f"/2fa/totp/{strange.pk}/remove/"
    assert f'href="{address}?next=/secure/"' in browser.get(PAGE).content.decode()

    assert browser.post(f"{address}?next=/secure/")["Location"] == PAGE
    assert not TOTPDevice.objects.filter(pk=strange.pk).exists()


@pytest.mark.parametrize("wanted", ["//evil.example/", "https://evil.example/"])
def test_it_leads_to_no_other_site(wanted: str, alice: User) -> None:
    code_app(alice)
    browser = Client()
    sign_in(browser, alice)
    strange = code_app(alice, "Strange one")

    assert browser.post(f"/2fa/totp/{strange.pk}/remove/?next={wanted}")["Location"] == "/security/"


def test_the_only_method_has_a_warning(alice: User) -> None:
    code_app(alice)
    browser = Client()
    sign_in(browser, alice)

    assert "It is your only one" in browser.get(PAGE).content.decode()


def test_looking_ends_nothing(alice: User, alices: Client) -> None:
    other = Client()
    sign_in(other, alice)

    page = alices.get(PAGE).content.decode()

    assert "1 other browser is signed in." in page
    assert is_in(other)


def test_signing_out_everywhere_else(alice: User, alices: Client) -> None:
    other = Client()
    sign_in(other, alice)

    answer = alices.post(f"{PAGE}others/", follow=True)

    assert "Every other browser is signed out." in answer.content.decode()
    assert not is_in(other)
    assert is_in(alices)
    assert SecurityEvent.objects.filter(slug="sessions.others_ended").count() == 1


def test_that_needs_a_confirmation(alice: User, alices: Client, clock: TestClock) -> None:
    other = Client()
    clock.advance(timedelta(minutes=16))
    sign_in(other, alice)

    assert alices.post(f"{PAGE}others/")["Location"].startswith("/confirm/")
    assert is_in(other)


def test_a_change_of_the_email_is_stopped_from_here(alices: Client) -> None:
    alices.post("/email/", {"email": "thief@elsewhere.example"})

    page = alices.get(PAGE).content.decode()

    assert "thief@elsewhere.example" in page
    assert 'action="/email/cancel/"' in page


def test_changes_of_the_last_week_say_where_they_are_put_right(alices: Client, clock: TestClock) -> None:
    alices.post("/profile/", {"name": "Alice Other", "country": "CH"})

    now = alices.get(PAGE).content.decode()
    clock.advance(timedelta(minutes=50))
    alices.get(PAGE)

    assert "Your name was changed" in now
    assert 'href="/profile/"' in now


def test_other_features_add_their_steps(alices: Client, settings: SettingsWrapper) -> None:
    settings.SECURE_STEPS = ("tests.twofactor.not_me.test_secure.app_passwords",)

    page = alices.get(PAGE).content.decode()

    assert "Three of them." in page
    assert 'href="/app-passwords/"' in page


def test_nobody_sees_anothers(alice: User, bob: User, alices: Client) -> None:
    code_app(alice, "Alices phone")
    alices.post("/profile/", {"name": "Alice Other", "country": "CH"})
    bobs = Client()
    sign_in(bobs, bob)

    page = bobs.get(PAGE).content.decode()

    assert "Alices phone" not in page
    assert "Your name was changed" not in page
