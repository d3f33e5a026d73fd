"""Which method is asked for first, and what "Try another way" shows."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from importlib import import_module
from typing import TYPE_CHECKING

import pytest
from django.conf import settings as portal_settings
from django.core import signing
from django.test import Client
from django.utils import translation

from accounts.user.models import Protection
from tests.bed.people import code_app, give_password, totp_code
from tests.twofactor.answers import with_backup_codes
from twofactor import registry
from twofactor.challenge.choose import SALT
from twofactor.methods.backup_codes.method import BACKUP_CODES
from twofactor.methods.backup_codes.models import BackupCodes
from twofactor.methods.totp.method import TOTP
from twofactor.models import TOTPDevice

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
COOKIE = portal_settings.METHOD_COOKIE_NAME
TOTP_PAGE, BACKUP_PAGE, HELP = "/login/verify/totp/", "/login/verify/backup-codes/", "/login/help/"
OTHER = "/login/verify/other/"


class SecondKind:
    """A method beside the code app: its devices are the code apps called "Key" (nothing else differs)."""

    @staticmethod
    def named(name: str, *, is_key: bool) -> type[TOTPDevice]:
        class Manager:
            def filter(self, **which: object) -> object:
                found = TOTPDevice.objects.filter(**which)
                return found.filter(name="Key") if is_key else found.exclude(name="Key")

        return type(name, (), {
            "method_slug": name,
            "protection": Protection.PHISHING_RESISTANT if is_key else Protection.STRONG,
            "is_backup": False,
            "objects": Manager(),
            "prepare": TOTPDevice.prepare,
            "named_by": TOTPDevice.named_by,
        })  # fmt: skip


@pytest.fixture
def two_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry in which a key is recommended before the code app."""
    import_module(portal_settings.ROOT_URLCONF)  # it has the pages of the real ones
    key = replace(TOTP, device_model=SecondKind.named("key", is_key=True), answered_by=None, works_offline=False)
    app = replace(TOTP, device_model=SecondKind.named("totp", is_key=False), answered_by=None)
    monkeypatch.setattr(registry, "METHODS", (key, app, BACKUP_CODES))


def first_page(client: Client) -> str:
    return client.get("/login/verify/")["Location"]


def ways_in(page: str) -> list[str]:
    """The addresses of the list, in order."""
    return re.findall(r'<li><a href="([^"]+)"', page)


def browser_of(user: User) -> Client:
    client = Client()
    give_password(client, user)
    return client


def used(user: User, name: str, at: object) -> None:
    TOTPDevice.objects.filter(user=user, name=name).update(last_used_at=at)


# ── Which comes first ──
@pytest.mark.usefixtures("two_kinds")
def test_without_any_use_the_recommended_one_comes_first(alice: User) -> None:
    code_app(alice, "Phone")
    code_app(alice, "Key")

    assert first_page(browser_of(alice)) == "/login/verify/key/"


@pytest.mark.usefixtures("two_kinds")
def test_in_an_unknown_browser_the_one_used_last_comes_first(alice: User, clock: TestClock) -> None:
    code_app(alice, "Phone")
    code_app(alice, "Key")
    used(alice, "Key", clock.now() - timedelta(days=2))
    used(alice, "Phone", clock.now() - timedelta(days=1))

    assert first_page(browser_of(alice)) == TOTP_PAGE


@pytest.mark.usefixtures("two_kinds")
def test_in_a_known_browser_the_one_used_there_comes_first(alice: User, clock: TestClock) -> None:
    phone = code_app(alice, "Phone")
    code_app(alice, "Key")
    client = browser_of(alice)
    client.post(TOTP_PAGE, {"code": totp_code(phone)})
    client.post("/logout/")
    used(alice, "Key", clock.now() + timedelta(minutes=1))

    give_password(client, alice)

    assert first_page(client) == TOTP_PAGE
    assert first_page(browser_of(alice)) == "/login/verify/key/"


@pytest.mark.usefixtures("two_kinds")
def test_the_browser_of_one_person_asks_another_for_what_they_have(alice: User, bob: User) -> None:
    phone = code_app(alice, "Phone")
    code_app(bob, "Key")
    client = browser_of(alice)
    client.post(TOTP_PAGE, {"code": totp_code(phone)})
    client.post("/logout/")

    give_password(client, bob)

    assert first_page(client) == "/login/verify/key/"


def test_backup_codes_never_come_first(alice: User) -> None:
    answers = with_backup_codes(alice)
    client = browser_of(alice)

    client.post(BACKUP_PAGE, answers.right(client))
    assert COOKIE not in client.cookies
    client.post("/logout/")
    give_password(client, alice)

    assert BackupCodes.objects.get(user=alice).last_used_at is not None
    assert first_page(client) == TOTP_PAGE
    assert ways_in(client.get(OTHER).content.decode()) == [TOTP_PAGE, BACKUP_PAGE, HELP]


def test_a_cookie_that_names_backup_codes_changes_nothing(alice: User) -> None:
    with_backup_codes(alice)
    client = browser_of(alice)
    client.cookies[COOKIE] = signing.get_cookie_signer(salt=COOKIE + SALT).sign("backup_codes")

    assert first_page(client) == TOTP_PAGE


# ── The cookie ──
def test_the_cookie_names_the_method_and_nothing_else(alice: User) -> None:
    device = code_app(alice)
    client = browser_of(alice)
    client.post(TOTP_PAGE, {"code": totp_code(device)})

    cookie = client.cookies[COOKIE]

    assert cookie.value.split(":")[0] == "totp"
    assert len(cookie.value.split(":")) == 3  # and the time and the signature
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
    assert cookie["max-age"] == 365 * 24 * 3600


def test_the_cookies_of_two_people_say_the_same(alice: User, bob: User) -> None:
    values = set()
    for user in (alice, bob):
        device = code_app(user)
        client = browser_of(user)
        client.post(TOTP_PAGE, {"code": totp_code(device)})
        values.add(client.cookies[COOKIE].value.split(":")[0])

    assert values == {"totp"}


def test_on_https_it_is_secure(alice: User, settings: SettingsWrapper) -> None:
    settings.HTTPS = True
    device = code_app(alice)
    client = browser_of(alice)

    client.post(TOTP_PAGE, {"code": totp_code(device)})

    assert client.cookies[COOKIE]["secure"]


def test_a_wrong_answer_sets_none(alice: User) -> None:
    device = code_app(alice)
    client = browser_of(alice)

    client.post(TOTP_PAGE, {"code": f"{(int(totp_code(device)) + 333_333) % 1_000_000:06d}"})

    assert COOKIE not in client.cookies


FORGED = ("totp", "totp:1vAAAA:xxxx", "", "key:::", "é", "../../x", "a" * 4000)


@pytest.mark.usefixtures("two_kinds")
@pytest.mark.parametrize("value", FORGED)
def test_a_cookie_that_we_did_not_sign_counts_for_nothing(value: str, alice: User) -> None:
    code_app(alice, "Phone")
    code_app(alice, "Key")
    client = browser_of(alice)
    client.cookies[COOKIE] = value

    assert first_page(client) == "/login/verify/key/"
    assert client.get(OTHER).status_code == 200
    assert client.get(TOTP_PAGE).status_code == 200


@pytest.mark.usefixtures("two_kinds")
def test_a_cookie_signed_for_something_else_counts_for_nothing(alice: User) -> None:
    code_app(alice, "Phone")
    code_app(alice, "Key")
    client = browser_of(alice)
    client.cookies[COOKIE] = signing.get_cookie_signer(salt=COOKIE).sign("totp")

    assert first_page(client) == "/login/verify/key/"


def test_a_cookie_opens_nothing(alice: User) -> None:
    """It chooses a page; what that page asks is asked all the same."""
    device = code_app(alice)
    client = browser_of(alice)
    client.post(TOTP_PAGE, {"code": totp_code(device)})
    stolen = Client()
    stolen.cookies[COOKIE] = client.cookies[COOKIE].value

    assert stolen.get("/login/verify/")["Location"] == "/login/"
    give_password(stolen, alice)
    assert stolen.get("/2fa/").status_code == 302


# ── The list ──
@pytest.mark.usefixtures("two_kinds")
def test_the_list_has_the_same_order_backups_then_and_help_last(alice: User, clock: TestClock) -> None:
    code_app(alice, "Key")
    with_backup_codes(alice)
    used(alice, "Phone", clock.now())

    page = browser_of(alice).get(OTHER).content.decode()

    assert ways_in(page) == [TOTP_PAGE, "/login/verify/key/", BACKUP_PAGE, HELP]


@pytest.mark.usefixtures("two_kinds")
def test_badges_say_what_is_true(alice: User) -> None:
    code_app(alice, "Key")
    code_app(alice, "Phone")

    page = browser_of(alice).get(OTHER).content.decode()
    badges = {
        address: re.findall(r'class="badge[^>]*>(?:<svg.*?</svg>)?([^<]+)<', entry, re.DOTALL)
        for address, entry in re.findall(r'<li><a href="([^"]+)"(.*?)</li>', page, re.DOTALL)
    }

    assert badges == {"/login/verify/key/": ["Resists phishing"], TOTP_PAGE: ["Works offline"], HELP: []}


def test_facts_do_not_contradict_each_other() -> None:
    for method in registry.METHODS:
        assert not (method.works_offline and method.needs_signal)
        assert method.resists_phishing == (method.device_model.protection == Protection.PHISHING_RESISTANT)
        with translation.override("de"):
            assert str(method.ask_label)


def test_help_is_there_for_one_who_has_a_single_method(alice: User) -> None:
    code_app(alice)

    assert ways_in(browser_of(alice).get(OTHER).content.decode()) == [TOTP_PAGE, HELP]


def test_the_password_alone_learns_no_names_and_no_counts(alice: User) -> None:
    with_backup_codes(alice)
    for name in ("Alices Pixel 8", "Alices tablet"):
        code_app(alice, name)
    client = browser_of(alice)

    pages = [client.get(page).content.decode() for page in (OTHER, TOTP_PAGE, BACKUP_PAGE)]

    for page in pages:
        assert "Alices" not in page
        assert not re.search(r"\b(10|9|3) (of 10 )?(left|codes?|apps?)\b", page)
    assert ways_in(pages[0]).count(TOTP_PAGE) == 1


@pytest.mark.usefixtures("two_kinds")
def test_confirming_offers_the_same_others(alice: User) -> None:
    code_app(alice, "Key")
    with_backup_codes(alice)
    phone = TOTPDevice.objects.get(user=alice, name="Phone")
    client = browser_of(alice)
    client.post(TOTP_PAGE, {"code": totp_code(phone)})

    page = client.get("/confirm/?next=/password/").content.decode()

    assert ways_in(page)[-3:] == [
        "?next=%2Fpassword%2F&amp;method=key",
        "?next=%2Fpassword%2F&amp;method=backup-codes",
        HELP,
    ]
    assert "Resists phishing" in page


def test_confirming_by_password_offers_no_methods(alices: Client) -> None:
    assert "Try another way" not in alices.get("/confirm/").content.decode()


def test_no_statement_more_than_one_for_each_method(alice: User, django_assert_num_queries: object) -> None:
    code_app(alice)
    client = browser_of(alice)
    client.get("/login/verify/")

    with django_assert_num_queries(2 + len(registry.METHODS)):  # type: ignore[operator]
        client.get("/login/verify/")
