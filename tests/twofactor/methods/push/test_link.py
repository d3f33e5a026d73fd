"""Linking a phone: by what a computer shows, and by signing in on the phone itself."""

from __future__ import annotations

import http.client
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client

from accounts.user.models import Protection
from audit.models import SecurityEvent
from messaging.models import PushSubscription
from tests.bed import push_service
from tests.bed.people import code_app, sign_in
from tests.bed.phone import API, Phone, as_json
from tests.twofactor.methods.push.phones import device_of, linked_phone, new_phone, through, waiting
from twofactor.housekeeping import purge as purge_all
from twofactor.methods.backup_codes.models import BackupCodes
from twofactor.methods.push.housekeeping import purge
from twofactor.methods.push.models import Pairing, PushDevice

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
PAGE = "/2fa/push/add/"
CODE = re.compile(r'id="pairing-code"[^>]*>([^<]+)<')


def code_in(computer: Client) -> str:
    found = CODE.search(computer.get(PAGE).content.decode())
    assert found is not None
    return found[1]


def link_by_code(computer: Client) -> Phone:
    """The whole way, as the first method or as one more."""
    phone = new_phone()
    check = phone.link("Pixel 8", pairing=code_in(computer)).body["check"]
    assert computer.post(PAGE, {"number": check}).status_code == 302
    phone.state()
    return phone


# ── By a computer ──
def test_the_page_calls_the_app_what_the_portal_is_called(alices: Client, settings: SettingsWrapper) -> None:
    settings.PRODUCT_NAME = "Latch"

    page = alices.get(PAGE).content.decode()

    assert re.search(r'<a class="btn" href="/authenticator/">Open Latch here</a>', page)
    assert page.index("You’re on your phone.") < page.index('class="qr"')
    assert 'href="/authenticator/" dir="ltr"' in page
    assert "Sallyport" not in page


def test_a_typed_code_and_two_digits_link_a_phone(alices: Client, alice: User) -> None:
    phone = new_phone()

    waits = phone.link("Pixel 8", pairing=code_in(alices).lower())
    assert (waits.status, waits.body["state"]) == (202, "waiting")
    assert set(waits.body) == {"now", "id", "state", "product", "origin", "check", "expires_at"}
    assert not PushDevice.objects.exists()
    assert "Is “<bdi>Pixel 8</bdi>” your phone?" in alices.get(PAGE).content.decode()
    done = alices.post(PAGE, {"number": waits.body["check"]})

    trial = f"/2fa/push/{device_of(phone).pk}/trial/?next=%2F2fa%2Fbackup-codes%2F"
    assert done.headers["Location"] == trial
    told = phone.state().body
    assert (told["state"], told["name"], told["account"]["email"]) == ("active", "Pixel 8", alice.email)
    alice.refresh_from_db()
    assert alice.protection == Protection.STRONG
    assert SecurityEvent.objects.filter(user=alice, slug="method.first_added").exists()


def test_the_token_of_the_picture_does_the_same_and_is_in_no_address(alices: Client, alice: User) -> None:
    alices.get(PAGE)
    pairing = Pairing.objects.get(user=alice)

    assert len(pairing.token) == 22
    assert pairing.token not in alices.get(PAGE).content.decode(), "only in the picture"
    assert new_phone().link(pairing=pairing.token).status == 202


def test_a_dump_of_the_table_holds_neither(alices: Client, alice: User) -> None:
    alices.get(PAGE)
    pairing = Pairing.objects.get(user=alice)

    stored = {str(value) for value in Pairing.objects.values_list().get()}

    assert not {pairing.token, pairing.code} & stored


def test_a_reload_shows_the_same_code_and_a_new_one_ends_the_old(alices: Client) -> None:
    first = code_in(alices)
    assert code_in(alices) == first

    alices.post(PAGE, {"new": "1"})

    assert code_in(alices) != first
    assert new_phone().link(pairing=first).status == 404


def test_it_works_once_and_for_ten_minutes(alices: Client, clock: TestClock) -> None:
    code = code_in(alices)
    assert new_phone().link(pairing=code).status == 202
    assert new_phone().link(pairing=code).status == 404

    alices.post(PAGE, {"new": "1"})
    late = code_in(alices)
    clock.advance(timedelta(minutes=10, seconds=1))
    assert new_phone().link(pairing=late).status == 404


def test_wrong_digits_link_nothing_and_end_the_code(alices: Client) -> None:
    with push_service.running() as service:
        phone = new_phone()
        check = phone.link(pairing=code_in(alices), subscription=service.subscription()).body["check"]
        wrong = f"{(int(check) + 1) % 100:02d}"

        refused = alices.post(PAGE, {"number": wrong})

    assert refused.status_code == 422
    assert phone.state().body["state"] == "refused"
    assert alices.post(PAGE, {"number": check}).status_code == 422
    assert not PushDevice.objects.exists()
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize("number", ["", "1", "123", "1x", "１２", "\x00", "x" * 300])
def test_digits_that_are_none_are_an_error_and_no_try(number: str, alices: Client) -> None:
    phone = new_phone()
    check = phone.link(pairing=code_in(alices)).body["check"]

    assert alices.post(PAGE, {"number": number}).status_code == 422
    assert alices.post(PAGE, {"number": check}).status_code == 302


def test_a_key_that_came_by_another_way_meanwhile_is_not_linked_twice(alices: Client, bob: User) -> None:
    phone = new_phone()
    check = phone.link("X", pairing=code_in(alices)).body["check"]
    PushDevice.objects.create(user=bob, name="X", confirmed=True, thumbprint=phone.id, public_key=phone.jwk)

    answer = alices.post(PAGE, {"number": check})

    assert answer.status_code == 422
    assert code_in(alices)
    assert PushDevice.objects.get().user == bob


def test_the_address_of_a_phone_that_nobody_confirmed_is_kept_for_a_day(
    alices: Client, alice: User, clock: TestClock
) -> None:
    with push_service.running() as service:
        linked_phone(alice, service)
        new_phone().link("X", service.subscription("/push/stranger"), pairing=code_in(alices))
    alices.post(PAGE, {"new": "1"})

    purge()
    assert PushSubscription.objects.count() == 2
    clock.advance(timedelta(days=1, seconds=1))
    purge()

    assert [one.endpoint for one in PushSubscription.objects.all()] == [f"{service.origin}/push/{alice.pk}"]


def test_only_the_browser_that_showed_the_code_can_confirm(alices: Client, alice: User) -> None:
    phone = new_phone()
    check = phone.link(pairing=code_in(alices)).body["check"]
    other = Client()
    sign_in(other, alice)

    other.post(PAGE, {"number": check})

    assert phone.state().body["state"] == "waiting"
    assert not PushDevice.objects.exists()


def test_before_it_is_confirmed_a_phone_can_do_nothing(alices: Client) -> None:
    phone = new_phone()
    phone.link(pairing=code_in(alices))

    assert phone.call("POST", "requests/pending").status == 401
    assert phone.backup_codes().status == 401
    assert phone.subscribe(None).status == 401


def test_the_page_asks_for_sudo_and_tells_its_script_how_things_stand(alices: Client, clock: TestClock) -> None:
    phone = new_phone()
    code = code_in(alices)
    assert alices.get(f"{PAGE}status/").json() == {"state": "open"}
    phone.link(pairing=code)
    assert alices.get(f"{PAGE}status/").json() == {"state": "claimed"}
    clock.advance(timedelta(minutes=16))

    assert alices.get(f"{PAGE}status/").json() == {"state": "over"}
    assert alices.get(PAGE).headers["Location"].startswith("/confirm/")


def test_guessing_codes_is_slow(alices: Client) -> None:
    code_in(alices)

    statuses = [new_phone().link(pairing="0" * 8).status for _ in range(31)]

    assert statuses == [404] * 30 + [429]


# ── By a session on the phone ──
def test_signed_in_on_the_phone_nobody_else_confirms(alices: Client, alice: User) -> None:
    phone = new_phone(alices)

    linked = phone.link("Pixel 8")

    assert (linked.status, linked.body["state"]) == (201, "active")
    assert set(linked.body) == {
        "now", "id", "state", "product", "origin", "name", "linked_at", "account", "server_key", "subscription", "code",
        "has_backup_codes",
    }  # fmt: skip
    assert device_of(phone).user == alice
    assert alices.get("/2fa/").status_code == 200, "this session stays"


def test_without_a_session_or_sudo_it_says_where_to_go(alice: User, alices: Client, clock: TestClock) -> None:
    nobody = new_phone().link()
    assert (nobody.status, nobody.body["code"], nobody.body["url"]) == (
        401, "sign_in", "/login/?next=%2Fauthenticator%2Fadd%2F",
    )  # fmt: skip
    half = Client()
    code_app(alice)
    half.post("/login/", {"login": alice.email, "password": "x"})
    assert new_phone(half).link().body["code"] == "sign_in"

    clock.advance(timedelta(minutes=16))
    asked = new_phone(alices).link()
    assert (asked.status, asked.body["code"]) == (403, "confirm")
    assert asked.body["url"].startswith("/confirm/?next=")


def test_another_sites_page_cannot_link_its_phone(alice: User) -> None:
    """AI-01: the cookie alone is not enough."""
    browser = Client(enforce_csrf_checks=True)
    browser.handler.enforce_csrf_checks = False
    sign_in(browser, alice)
    browser.handler.enforce_csrf_checks = True

    refused = new_phone(browser).link()

    assert (refused.status, refused.body["code"]) == (403, "forgery_token")
    assert not PushDevice.objects.exists()


def test_a_first_method_from_a_new_place_waits_for_the_mailbox(alice: User, clock: TestClock) -> None:
    sign_in(Client(), alice)
    clock.advance(timedelta(days=30))
    thief = Client(REMOTE_ADDR="198.51.100.7")
    sign_in(thief, alice)

    refused = new_phone(thief).link()

    assert (refused.status, refused.body["code"]) == (403, "confirm_by_email")
    assert refused.body["url"].startswith("/2fa/check/?next=")


def test_one_key_is_one_device(alices: Client) -> None:
    phone = new_phone(alices)
    assert phone.link().status == 201

    again = phone.link()

    assert (again.status, again.body["code"]) == (409, "already_linked")


def test_a_sixth_timed_code_is_refused(alices: Client, alice: User) -> None:
    for number in range(4):
        code_app(alice, f"App {number}")
    assert new_phone(alices).link().status == 201

    refused = new_phone(alices).link()

    assert (refused.status, refused.body["code"]) == (409, "too_many_devices")


def test_another_key_than_the_one_that_signed_is_refused(alices: Client) -> None:
    phone, other = new_phone(alices), new_phone()

    body = {"key": other.jwk, "name": "X", "subscription": None}

    assert phone.call("POST", "devices", body).status == 401


# ── What a phone says of itself ──
POINT = "BA" + "A" * 85  # of the right form and length, and not on the curve
BAD_BODIES: list[Any] = [
    None, [], "x", 7, {}, {"name": "X", "subscription": None}, {"key": 7}, {"key": {}}, {"name": 7}, {"name": ""},
    {"name": " "}, {"name": "x" * 65}, {"name": "a\u202eb"}, {"name": "a\nb"}, {"name": "\ud800"}, {"subscription": 7},
    {"subscription": {}}, {"subscription": {"endpoint": "https://fcm.googleapis.com/x", "keys": {}}},
    {"subscription": {"endpoint": 7, "keys": {"p256dh": POINT, "auth": "A" * 22}}},
    {"subscription": {"endpoint": "https://fcm.googleapis.com/x", "keys": {"p256dh": "A", "auth": "A" * 22}}},
    {"subscription": {"endpoint": "https://fcm.googleapis.com/x", "keys": {"p256dh": POINT, "auth": "A" * 22}}},
    {"name": "a\x00b"}, {"\ud800": 1},
    {"pairing": 7}, {"pairing": "x" * 65}, {"pairing": None}, {"user": 1}, {"confirmed": True},
]  # fmt: skip


@pytest.mark.parametrize("change", BAD_BODIES, ids=lambda change: str(change)[:40])
def test_a_body_that_is_not_as_it_should_be(change: Any, alices: Client) -> None:
    phone = new_phone(alices)
    good = {"key": phone.jwk, "name": "X", "subscription": None}
    body = {**good, **change} if isinstance(change, dict) and change else change
    if change == {"name": "X", "subscription": None}:
        body = change

    reply = phone.call("POST", "devices", body)

    assert (reply.status, reply.body["code"]) in {(400, "malformed"), (415, "media_type")}
    assert not PushDevice.objects.exists()


@pytest.mark.parametrize(
    "spoil",
    [
        {"kty": "RSA"}, {"crv": "P-384"}, {"x": ""}, {"x": 7}, {"x": "A" * 43}, {"d": "secret"}, {"kid": "x"},
        {"y": "x" * 5000},
    ],
    ids=str,
)  # fmt: skip
def test_a_key_that_is_none(spoil: dict[str, Any], alices: Client) -> None:
    phone = new_phone(alices)

    reply = phone.call("POST", "devices", {"key": {**phone.jwk, **spoil}, "name": "X", "subscription": None})

    assert (reply.status, reply.body["code"]) == (400, "malformed")


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"{", b'{"a":1,"a":2}', b"[" * 5000, b'{"decision":NaN}', b"\xff\xfe", b'{"decision":"yes","number":47}',
        b'{"decision":"yes","number":"7"}', b'{"decision":"yes","number":"477"}', b'{"decision":"yes"}',
        b'{"decision":"yes","number":"\xd9\xa4\xd9\xa7"}', b'{"decision":true}', b'{"decision":"no","reason":"x"}',
        b'{"decision":"no","reason":["mistake"]}', b'{"decision":"no","number":"47"}', b'{"decision":"approve"}',
    ],
    ids=lambda raw: str(raw[:40]),
)  # fmt: skip
def test_a_decision_that_is_not_as_it_should_be_decides_nothing(raw: bytes, alice: User) -> None:
    """PU-03, AI-08."""
    phone, _browser = linked_phone(alice), waiting(alice)
    [request] = phone.pending()
    path = f"{API}requests/{request['id']}/decision"
    told = {"nonce": request["nonce"], "request_sha256": request["digest"]}

    reply = phone.transport("POST", path, raw, {"Authorization": phone.authorization("POST", path, raw, **told)})

    assert (reply.status, reply.body["code"]) in {(400, "malformed"), (415, "media_type")}
    assert len(phone.pending()) == 1


def test_larger_than_any_call_needs(alices: Client) -> None:
    phone = new_phone(alices)

    reply = phone.call("POST", "devices", {"key": phone.jwk, "name": "x" * 20_000, "subscription": None})

    assert (reply.status, reply.body["code"]) == (413, "too_large")


@pytest.mark.django_db(transaction=True)
def test_larger_than_it_says(uvicorn_url: str) -> None:
    """In pieces, so that no header tells its length."""
    phone = new_phone()
    raw = as_json({"key": phone.jwk, "name": "x" * 20_000, "subscription": None})
    headers = {"Content-Type": "application/json", "Authorization": phone.authorization("POST", API + "devices", raw)}
    connection = http.client.HTTPConnection(urlsplit(uvicorn_url).netloc, timeout=15)

    connection.request("POST", API + "devices", iter([raw[:10], raw[10:]]), headers, encode_chunked=True)

    assert connection.getresponse().status == 413
    connection.close()


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_other_types_are_refused(content_type: str, alices: Client) -> None:
    """AI-01: what a form of another site could send."""
    phone = new_phone(alices)
    raw = as_json({"key": phone.jwk, "name": "X", "subscription": None})
    headers = {"Authorization": phone.authorization("POST", API + "devices", raw)}

    answer = alices.generic("POST", API + "devices", raw, content_type=content_type, headers=headers)

    assert answer.status_code == 415


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"])
def test_other_methods_are_refused(method: str) -> None:
    answer = Client().generic(method, API + "devices")

    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert answer.json()["code"] == "method"


def test_an_endpoint_that_is_no_push_service(alices: Client) -> None:
    """SSRF: nothing is stored, and the phone can be linked without notifications."""
    with push_service.running() as service:
        info = {**service.subscription(), "endpoint": "https://169.254.169.254/latest/"}
    phone = new_phone(alices)

    refused = phone.link(subscription=info)

    assert (refused.status, refused.body["code"]) == (422, "push_service")
    assert not PushSubscription.objects.exists()
    assert phone.link(subscription=None).status == 201


# ── Afterwards ──
def test_the_code_is_told_for_ten_minutes_and_signs_in(alices: Client, alice: User, clock: TestClock) -> None:
    phone = link_by_code(alices)
    assert phone.state().body["code"]["digits"] == 6
    clock.advance(timedelta(minutes=10, seconds=1))
    assert "code" not in phone.state().body

    browser = waiting(alice)

    assert browser.post("/login/verify/totp/", {"code": phone.code()}).status_code == 302


def test_with_the_first_method_the_ten_codes_show_in_the_app_once(alices: Client, alice: User) -> None:
    phone = link_by_code(alices)
    assert phone.state().body["has_backup_codes"] is True

    shown, again = phone.backup_codes(), phone.backup_codes()

    assert shown.body["codes"] == BackupCodes.objects.get(user=alice).plain
    assert len(shown.body["codes"]) == 10
    assert (again.status, again.body["code"]) == (410, "not_shown")
    assert phone.state().body["has_backup_codes"] is False
    assert shown.body["codes"][0] in alices.get("/2fa/backup-codes/").content.decode(), "and on the web, once too"


def test_after_ten_minutes_or_on_a_second_phone_they_do_not(alices: Client, clock: TestClock) -> None:
    phone = link_by_code(alices)
    clock.advance(timedelta(minutes=1))
    second = link_by_code(alices)
    assert second.backup_codes().status == 410
    clock.advance(timedelta(minutes=10))

    assert phone.backup_codes().status == 410


def test_codes_that_were_renewed_do_not_show_in_the_app(alices: Client, clock: TestClock) -> None:
    phone = link_by_code(alices)
    clock.advance(timedelta(minutes=2))
    alices.post("/2fa/backup-codes/renew/")

    assert phone.backup_codes().status == 410


def test_a_new_subscription_takes_the_place_of_the_old(alice: User) -> None:
    with push_service.running() as service:
        phone = linked_phone(alice, service)
        old = device_of(phone).subscription_id

        renewed = phone.subscribe(service.subscription("/push/other"))

    assert renewed.body["subscription"] == "active"
    assert PushSubscription.objects.get().endpoint.endswith("/push/other")
    assert PushSubscription.objects.get().pk != old
    assert phone.subscribe(None).body["subscription"] == "missing"
    assert not PushSubscription.objects.exists()


def test_a_refused_subscription_is_to_be_renewed(alice: User) -> None:
    with push_service.running() as service:
        phone = linked_phone(alice, service)
    PushSubscription.objects.update(state="refused")

    assert phone.state().body["subscription"] == "renew"


def test_removing_it_in_the_portal_tells_the_app_and_forgets_the_address_in_a_week(
    alices: Client, alice: User, clock: TestClock
) -> None:
    with push_service.running() as service:
        code_app(alice)
        phone = new_phone(alices)
        phone.link(subscription=service.subscription())

    alices.post(f"/2fa/push/{device_of(phone).pk}/remove/")

    told = phone.state().body
    assert (told["state"], "kept_until" in told, "account" in told) == ("turned_off", True, False)
    assert phone.call("POST", "requests/pending").status == 401
    clock.advance(timedelta(days=7, minutes=1))
    purge_all()
    told = phone.state().body
    assert (told["state"], "kept_until" in told) == ("turned_off", False)
    assert not PushSubscription.objects.exists()
    assert not PushDevice.everything.exists()


def test_turning_two_step_verification_off_tells_it_too(alices: Client) -> None:
    phone = link_by_code(alices)

    alices.post("/2fa/disable/", {"password": "Slow-Trams-Cross-The-Bridge-27"})

    assert phone.state().body["state"] == "turned_off"


def test_what_an_app_must_know_before(client: Client) -> None:
    told = client.get(API + "config").json()

    assert set(told) == {"now", "origin", "product", "number_digits", "vapid_public_key", "server_key"}
    assert told["origin"] == settings.SITE_URL
    assert len(told["vapid_public_key"]) == 87
    assert set(told["server_key"]) == {"kty", "crv", "x", "y", "kid"}


def test_the_calls_of_one_phone_say_nothing_of_another_device(alice: User, bob: User) -> None:
    phone, other = linked_phone(alice), linked_phone(bob)

    for call in (("GET", f"devices/{other.id}"), ("POST", f"devices/{other.id}/backup-codes")):
        assert phone.call(*call).status == 404
    assert through(Client())("GET", f"{API}devices/{other.id}", b"", {}).status == 401
