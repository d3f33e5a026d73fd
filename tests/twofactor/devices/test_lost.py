"""/2fa/lost/: after a backup code was used, until its owner has said what was lost."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest
from django.test import Client

from tests.bed.people import code_app, give_password, sign_in, totp_code
from tests.twofactor.enrolment.front_door import code_of, shown_secret
from twofactor.devices import actions
from twofactor.models import BackupCodes, TOTPDevice

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
PAGE = "/2fa/lost/"
HERE = "/2fa/lost/?next=%2Fsecurity%2F"
OVERVIEWS = ("/security/", "/2fa/")
REMINDER = "Did you lose something?"


@pytest.fixture
def phone(alice: User, clock: TestClock) -> TOTPDevice:
    """The only thing that Alice has, beside her codes."""
    device = code_app(alice, "My phone")
    actions.make_missing_backups(alice)
    clock.advance(timedelta(minutes=1))
    return device


@pytest.fixture
def owner(phone: TOTPDevice) -> Client:
    """Alice, who got in by a backup code."""
    return enter_by_backup(phone.user)


def enter_by_backup(user: User) -> Client:
    client = Client()
    give_password(client, user)
    answer = client.post("/login/verify/backup-codes/", {"code": BackupCodes.objects.get(user=user).plain[0]})
    assert answer["Location"] == HERE
    return client


def add_app(owner: Client, clock: TestClock, *, way: str = "/2fa/totp/add/", name: str = "New phone") -> str:
    """As the page of the new app is filled in; returns where it leads."""
    clock.advance(timedelta(minutes=1))
    return owner.post(way, {"code": code_of(shown_secret(owner, way)), "name": name})["Location"]


def remove_page(device: TOTPDevice) -> str:
    return f"/2fa/totp/{device.pk}/remove/"


def text(browser: Client, address: str) -> str:
    return browser.get(address).content.decode()


def is_reminded(browser: Client) -> bool:
    shown = [REMINDER in text(browser, address) for address in OVERVIEWS]
    assert len(set(shown)) == 1
    return shown[0]


def test_whoever_adds_a_way_comes_back_to_remove_the_lost_one(
    owner: Client, phone: TOTPDevice, clock: TestClock
) -> None:
    way = "/2fa/add/?next=%2F2fa%2Flost%2F%3Fnext%3D%252Fsecurity%252F"
    assert 'href="/2fa/add/?next=/2fa/lost/%3Fnext%3D%252Fsecurity%252F"' in text(owner, HERE)

    chosen = owner.post(way, {"method": "totp"})["Location"]
    back = add_app(owner, clock, way=chosen)
    page = text(owner, back)
    removed = owner.post(f"{remove_page(phone)}?{urlencode({'next': HERE})}")

    assert back == HERE
    assert "Is “<bdi>My phone</bdi>” lost?" in page
    assert "Remove “<bdi>My phone</bdi>”</span></button>" in page
    assert page.count('class="btn"') == 1
    assert removed["Location"] == HERE
    assert [left.name for left in TOTPDevice.objects.all()] == ["New phone"]
    assert not is_reminded(owner)
    assert "Is anything else lost?" in text(owner, HERE)


def test_the_overview_reminds_until_it_is_answered(owner: Client, phone: TOTPDevice, clock: TestClock) -> None:
    assert is_reminded(owner)
    add_app(owner, clock)
    clock.advance(timedelta(days=2))
    another = Client()
    give_password(another, phone.user)
    another.post("/login/verify/totp/", {"code": totp_code(TOTPDevice.objects.get(name="New phone"))})
    assert is_reminded(another)
    assert "Is “<bdi>My phone</bdi>” lost?" in text(another, PAGE)

    assert another.post(f"{PAGE}?next=/2fa/")["Location"] == "/2fa/"

    assert not is_reminded(another)


def test_whoever_has_everything_is_asked_no_more(owner: Client) -> None:
    assert owner.post(HERE)["Location"] == "/security/"
    assert not is_reminded(owner)


def test_looking_at_it_answers_nothing(owner: Client) -> None:
    owner.get(HERE)
    owner.head(HERE)

    assert is_reminded(owner)


def test_new_codes_do_not_answer_it(owner: Client) -> None:
    owner.post("/2fa/backup-codes/renew/")

    assert is_reminded(owner)


def test_removing_one_of_two_still_asks_about_the_other(phone: TOTPDevice, clock: TestClock) -> None:
    code_app(phone.user, "Tablet")
    clock.advance(timedelta(minutes=1))
    owner = enter_by_backup(phone.user)

    owner.post(f"{remove_page(phone)}?{urlencode({'next': HERE})}")

    assert is_reminded(owner)
    assert "What did you lose?" in text(owner, HERE)


def test_a_second_code_asks_again(owner: Client, phone: TOTPDevice) -> None:
    owner.post(HERE)
    present = BackupCodes.objects.get(user=phone.user)

    client = Client()
    give_password(client, phone.user)
    client.post("/login/verify/backup-codes/", {"code": present.plain[1]})

    assert is_reminded(client)


def test_a_code_that_only_confirmed_asks_too(phone: TOTPDevice, clock: TestClock) -> None:
    code = BackupCodes.objects.get().plain[0]
    owner = Client()
    sign_in(owner, phone.user)
    clock.advance(timedelta(minutes=16))

    owner.post("/confirm/?method=backup-codes", {"code": code})

    assert BackupCodes.objects.get().left == 9
    assert is_reminded(owner)
    assert "Signed in with a backup code" not in text(owner, PAGE)


def test_a_wrong_code_asks_nothing(phone: TOTPDevice, clock: TestClock) -> None:
    give_password(client := Client(), phone.user)
    client.post("/login/verify/backup-codes/", {"code": "AAAAA-AAAAA"})
    clock.advance(timedelta(minutes=1))
    owner = Client()
    sign_in(owner, phone.user)

    assert not is_reminded(owner)


def test_turning_it_off_and_on_again_asks_nothing(owner: Client, phone: TOTPDevice, clock: TestClock) -> None:
    actions.note_answer_about_loss(phone.user)
    for kind in actions.kinds():
        kind.objects.all().delete()
    phone.user.protection = 0
    phone.user.save()
    add_app(owner, clock)

    assert not is_reminded(owner)


def test_nobody_answers_for_somebody_else(owner: Client, bob: User) -> None:
    bobs = Client()
    sign_in(bobs, bob)

    bobs.post(HERE)

    assert is_reminded(owner)
    assert not is_reminded(bobs)


@pytest.mark.parametrize("wanted", ["//evil.example/", "https://evil.example/", "/\\evil.example/"])
@pytest.mark.parametrize("page", ["/2fa/totp/add/", "/2fa/lost/", "/2fa/backup-codes/", "/2fa/add/"])
def test_no_detour_leads_to_another_site(
    page: str, wanted: str, owner: Client, phone: TOTPDevice, clock: TestClock
) -> None:
    address = f"{page}?next={wanted}"
    owner.get("/2fa/backup-codes/")
    leads = {
        "/2fa/totp/add/": lambda: add_app(owner, clock, way=address),
        "/2fa/lost/": lambda: owner.post(address)["Location"],
        "/2fa/backup-codes/": lambda: owner.post(address, {"saved": "on"})["Location"],
        "/2fa/add/": lambda: owner.post(address, {"method": "totp"})["Location"],
    }

    assert "evil" not in leads[page]()
    assert phone.name == "My phone"
