"""Renaming and removing a device."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client, RequestFactory

from accounts.sudo.actions import OwnSudo
from accounts.user.models import Protection
from audit.models import SecurityEvent
from tests.bed.people import PASSWORD, code_app, sign_in, totp_code
from tests.twofactor.enrolment.front_door import code_of, shown_secret
from twofactor.devices import actions
from twofactor.models import TOTPDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db


@pytest.fixture
def device(alice: User) -> TOTPDevice:
    return code_app(alice, "Old phone")


@pytest.fixture
def owner(device: TOTPDevice) -> Client:
    client = Client()
    sign_in(client, device.user)
    return client


def remove_page(device: TOTPDevice) -> str:
    return f"/2fa/totp/{device.pk}/remove/"


def test_the_only_one_is_named_and_another_is_added_first(owner: Client, device: TOTPDevice) -> None:
    page = owner.get(remove_page(device)).content.decode()

    assert "Remove “<bdi>Old phone</bdi>”?" in page
    assert "It is your only second step." in page
    assert f'<a class="btn" href="/2fa/add/?next={remove_page(device)}">Add a new way first</a>' in page
    assert 'href="/2fa/disable/"' in page
    assert ">Remove</button>" not in page


def test_the_only_one_stays_whatever_is_sent(owner: Client, device: TOTPDevice) -> None:
    for address in (remove_page(device), f"{remove_page(device)}?next=/secure/"):
        answer = owner.post(address, {"password": PASSWORD})
        assert (answer.status_code, answer["Location"]) == (302, address)
    assert TOTPDevice.objects.filter(pk=device.pk).exists()


@pytest.mark.parametrize("has_codes", [True, False])
def test_after_adding_another_the_page_is_back(
    owner: Client, device: TOTPDevice, clock: TestClock, *, has_codes: bool
) -> None:
    """Remove, add first, save the codes that came with it, remove: no detour ends elsewhere."""
    clock.advance(timedelta(minutes=1))
    if has_codes:
        actions.make_missing_backups(device.user)
    address = f"{remove_page(device)}?next=%2Fsecure%2F"
    way = next(link for link in links(owner.get(address).content.decode()) if link.startswith("/2fa/add/?"))
    adding = owner.post(way, {"method": "totp"})["Location"]
    back = owner.post(adding, {"code": code_of(shown_secret(owner, adding)), "name": "New"})["Location"]
    if back.startswith("/2fa/backup-codes/"):
        owner.get(back)
        back = owner.post(back, {"saved": "on"})["Location"]

    assert back == address
    assert "Two-step verification stays on" in owner.get(back).content.decode()
    assert owner.post(back)["Location"] == "/secure/"
    assert [left.name for left in TOTPDevice.objects.all()] == ["New"]


def test_whoever_came_from_elsewhere_goes_back_there(owner: Client, device: TOTPDevice) -> None:
    code_app(device.user, "New phone")
    asked = owner.get("/2fa/lost/?next=/sessions/").content.decode()
    page = next(link for link in links(asked) if link.startswith(remove_page(device)))

    assert '<a class="btn sec" href="/2fa/lost/?next=%2Fsessions%2F">Keep it</a>' in owner.get(page).content.decode()
    assert owner.post(page)["Location"] == "/2fa/lost/?next=%2Fsessions%2F"


@pytest.mark.parametrize("apps", [1, 2])
def test_whoever_lost_their_only_one_is_told_to_add_another_first(owner: Client, device: TOTPDevice, apps: int) -> None:
    if apps == 2:
        code_app(device.user, "New phone")

    page = owner.get("/2fa/lost/").content.decode()

    assert ("It is your only one." in page) is (apps == 1)


def links(page: str) -> list[str]:
    return [html.unescape(found) for found in re.findall(r'href="([^"]+)"', page)]


def test_the_action_itself_keeps_the_last_one(owner: Client, device: TOTPDevice) -> None:
    request = owner.get("/2fa/").wsgi_request

    assert actions.remove(device, by=OwnSudo(device.user_id), request=request) is False
    assert TOTPDevice.objects.filter(pk=device.pk).exists()


def test_removing_one_of_two_is_told(
    owner: Client, device: TOTPDevice, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    code_app(device.user, "New phone")

    owner.post(remove_page(device))

    assert SecurityEvent.objects.get(slug="method.removed").details == {"method": "totp", "name": "Old phone"}
    assert "Old phone" in outbox()[-1].body


def test_one_of_two_goes_without_the_password(owner: Client, device: TOTPDevice) -> None:
    code_app(device.user, "New phone")

    assert owner.post(remove_page(device)).status_code == 302
    device.user.refresh_from_db()
    assert device.user.protection == Protection.STRONG


def test_its_codes_no_longer_count(owner: Client, device: TOTPDevice, clock: TestClock) -> None:
    code_app(device.user, "New phone")
    owner.post(remove_page(device))
    clock.advance(timedelta(minutes=1))

    thief = Client()
    thief.post("/login/", {"login": device.user.email, "password": PASSWORD})

    assert thief.post("/login/verify/totp/", {"code": totp_code(device)}).status_code == 422


def test_get_removes_nothing(owner: Client, device: TOTPDevice) -> None:
    code_app(device.user, "New phone")

    assert owner.get(remove_page(device)).status_code == 200
    assert TOTPDevice.objects.filter(pk=device.pk).exists()


def test_somebody_elses_device_is_404(owner: Client, bob: User) -> None:
    bobs = code_app(bob)

    for page in (f"/2fa/totp/{bobs.pk}/", remove_page(bobs)):
        assert owner.get(page).status_code == 404
        assert owner.post(page, {"name": "mine", "password": PASSWORD}).status_code == 404
    assert TOTPDevice.objects.get(pk=bobs.pk).name == "Phone"


@pytest.mark.parametrize("page", ["/2fa/totp/999999/", "/2fa/totp/999999/remove/", "/2fa/none/1/", "/2fa/totp/0/"])
def test_a_device_that_is_not_there_is_404(page: str, owner: Client) -> None:
    assert owner.get(page).status_code == 404


def test_after_fifteen_minutes_it_asks_to_confirm_and_comes_back(
    owner: Client, device: TOTPDevice, clock: TestClock
) -> None:
    code_app(device.user, "New phone")
    clock.advance(timedelta(minutes=15, seconds=1))
    refused = owner.post(remove_page(device))
    assert refused["Location"] == f"/confirm/?next={remove_page(device).replace('/', '%2F')}"

    confirmed = owner.post(refused["Location"], {"code": totp_code(device)})

    assert confirmed["Location"] == remove_page(device)
    assert TOTPDevice.objects.filter(pk=device.pk).exists()
    assert owner.post(remove_page(device))["Location"] == "/2fa/"


def test_the_password_does_not_confirm_for_someone_with_a_device(
    owner: Client, device: TOTPDevice, clock: TestClock
) -> None:
    clock.advance(timedelta(minutes=16))

    assert owner.post("/confirm/", {"password": PASSWORD}).status_code == 422
    assert owner.get(remove_page(device)).status_code == 302


def test_a_code_confirms_once(owner: Client, device: TOTPDevice, clock: TestClock) -> None:
    clock.advance(timedelta(minutes=16))
    code = totp_code(device)

    assert owner.post("/confirm/", {"code": code}).status_code == 302
    assert owner.post("/confirm/", {"code": code}).status_code == 422


def test_five_wrong_confirmations_are_the_last_of_a_session(owner: Client, device: TOTPDevice) -> None:
    wrong = f"{(int(totp_code(device)) + 333_333) % 1_000_000:06d}"

    statuses = [owner.post("/confirm/", {"code": wrong}).status_code for _ in range(11)]

    assert statuses == [422] * 5 + [429] * 6


def test_renaming_keeps_everything_else(owner: Client, device: TOTPDevice) -> None:
    page = owner.post(f"/2fa/totp/{device.pk}/", {"name": "New name"})

    assert page["Location"] == "/2fa/"
    renamed = TOTPDevice.objects.get(pk=device.pk)
    assert (renamed.name, renamed.secret) == ("New name", device.secret)
    assert SecurityEvent.objects.get(slug="method.renamed").details["old_name"] == "Old phone"


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "\x00"])
def test_a_name_that_cannot_be_is_refused_and_kept_in_the_form(name: str, owner: Client, device: TOTPDevice) -> None:
    assert owner.post(f"/2fa/totp/{device.pk}/", {"name": name}).status_code == 422
    assert TOTPDevice.objects.get(pk=device.pk).name == "Old phone"


def test_the_action_itself_refuses_somebody_elses_proof(device: TOTPDevice, bob: User) -> None:
    request = RequestFactory().post("/")

    with pytest.raises(PermissionError):
        actions.remove(device, by=OwnSudo(bob.pk), request=request)
    assert TOTPDevice.objects.filter(pk=device.pk).exists()


def test_there_is_a_most_of_each_kind(owner: Client, device: TOTPDevice) -> None:
    for number in range(TOTPDevice.most - 1):
        code_app(device.user, f"Phone {number}")

    page = owner.get("/2fa/totp/add/")

    assert page.status_code == 302
    assert page["Location"] == "/2fa/"
