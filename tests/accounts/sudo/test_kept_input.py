"""A form that came too late is shown again as it was, but for its secrets."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.models import Session
from accounts.sudo import kept_input
from tests.bed.people import code_app, sign_in, totp_code

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from twofactor.models import TOTPDevice

pytestmark = pytest.mark.django_db
NOTE = "Your last change wasn"


@pytest.fixture
def device(alice: User) -> TOTPDevice:
    return code_app(alice)


@pytest.fixture
def late(device: TOTPDevice, clock: TestClock) -> Client:
    """A browser whose confirmation has run out."""
    client = Client()
    sign_in(client, device.user)
    clock.advance(timedelta(minutes=16))
    return client


def page_of(device: TOTPDevice) -> str:
    return f"/2fa/totp/{device.pk}/"


def test_it_comes_back_once_and_changed_nothing(late: Client, device: TOTPDevice) -> None:
    refused = late.post(page_of(device), {"name": "My <b>new</b> name"})
    assert late.post(refused["Location"], {"code": totp_code(device)})["Location"] == page_of(device)

    page = late.get(page_of(device)).content.decode()
    assert 'value="My &lt;b&gt;new&lt;/b&gt; name"' in page
    assert NOTE in page
    device.refresh_from_db()
    assert device.name == "Phone"

    again = late.get(page_of(device)).content.decode()
    assert 'value="Phone"' in again
    assert NOTE not in again


def test_it_is_for_its_own_page_alone(late: Client, device: TOTPDevice) -> None:
    refused = late.post(page_of(device), {"name": "Typed"})
    late.post(refused["Location"], {"code": totp_code(device)})

    assert "Typed" not in late.get("/2fa/totp/add/").content.decode()
    assert "Typed" in late.get(page_of(device)).content.decode()


def test_only_named_fields_are_kept_and_none_is_readable_in_an_address(late: Client) -> None:
    refused = late.post("/2fa/totp/add/", {"name": "Typed", "code": "918273", "password": "Secret-Word-42"})

    assert late.session[kept_input.SESSION_KEY]["fields"] == {"name": "Typed"}
    assert "Typed" not in refused["Location"]


def test_passwords_are_never_kept(late: Client) -> None:
    for page in ("/password/", "/2fa/disable/"):
        late.post(page, {"current_password": "Secret-Word-42", "password": "Secret-Word-43"})
        assert late.session[kept_input.SESSION_KEY]["fields"] == {}


def test_what_is_too_long_is_not_kept(late: Client, device: TOTPDevice) -> None:
    late.post(page_of(device), {"name": "x" * (kept_input.LONGEST + 1)})

    assert kept_input.SESSION_KEY not in late.session
    assert max(len(session.data) for session in Session.objects.all()) < 2000


def test_it_is_forgotten_after_fifteen_minutes(late: Client, device: TOTPDevice, clock: TestClock) -> None:
    late.post(page_of(device), {"name": "Typed"})
    clock.advance(timedelta(minutes=15, seconds=1))
    late.post("/confirm/", {"code": totp_code(device)})

    assert "Typed" not in late.get(page_of(device)).content.decode()


def test_another_person_in_the_same_browser_does_not_see_it(late: Client, device: TOTPDevice, bob: User) -> None:
    late.post(page_of(device), {"name": "Typed"})
    late.post("/logout/")
    sign_in(late, bob)

    assert kept_input.SESSION_KEY not in late.session


def test_the_way_leads_back_to_the_page_the_form_stood_on(late: Client, device: TOTPDevice) -> None:
    came_from = f"http://testserver{page_of(device)}?tab=1#form"

    refused = late.post(f"{page_of(device)}remove/", headers={"referer": came_from})

    assert late.post(refused["Location"], {"code": totp_code(device)})["Location"] == f"{page_of(device)}?tab=1"


@pytest.mark.parametrize("came_from", ["https://evil.example/2fa/", "http://testserver.evil.example/", "//x", "x"])
def test_nobody_is_led_to_another_site(came_from: str, late: Client, device: TOTPDevice) -> None:
    refused = late.post(page_of(device), {"name": "x"}, headers={"referer": came_from})

    assert late.post(refused["Location"], {"code": totp_code(device)})["Location"] == page_of(device)
