"""What docs/authenticator-protocol.md says is so: for a client that was built from it alone."""

from __future__ import annotations

import re
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.test import Client

from messaging.models import PushSubscription
from tests.bed import push_service
from tests.bed.people import sign_in
from tests.bed.phone import API, as_json, as_text, compact, digest
from tests.twofactor.methods.push.phones import linked_phone, new_phone, number_in, through, waiting
from tests.twofactor.methods.push.test_link import PAGE, code_in
from twofactor.methods.push import limits
from twofactor.methods.push.api import bodies, views
from twofactor.methods.push.api.urls import calls
from twofactor.methods.push.models import PushRequest
from twofactor.models import PushDevice

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.phone import Phone

pytestmark = pytest.mark.django_db
DOCUMENT = (Path(settings.BASE_DIR) / "docs" / "authenticator-protocol.md").read_text()


# ── The document and the code name the same things ──
def test_every_call_has_a_section() -> None:
    told = set(re.findall(r"^## `(?:GET|POST|PUT) ([^`]+)`", DOCUMENT, re.MULTILINE))

    there = {re.sub(r"<slug:\w+>", "<id>", str(call.pattern)) for call in calls}

    assert told == there


def test_every_code_of_a_problem_is_told() -> None:
    api = Path(views.__file__).parent
    raised = set()
    for file in api.glob("*.py"):
        raised |= set(re.findall(r'Problem\(\d{3}, "(\w+)"', file.read_text()))
    raised |= {code for _status, code in views.PROBLEMS.values()}

    assert {code for code in raised if f"`{code}`" not in DOCUMENT} == set()


def test_every_status_is_one() -> None:
    for status in re.findall(r"^\| (\d{3}) \|", DOCUMENT, re.MULTILINE):
        assert HTTPStatus(int(status))


def test_the_numbers_are_those_of_the_code() -> None:
    assert bodies.LARGEST == 16 * 1024
    assert (limits.MOST_TRIALS, limits.MOST_LATELY, limits.MOST_A_DAY) == (5, 3, 10)


# ── Signing ──
class Odd:
    """A phone whose library puts more into a call than we ask for."""

    def __init__(self, phone: Phone, header: dict[str, Any]) -> None:
        self.phone, self.header = phone, header

    def pending(self, **claims: Any) -> int:
        path = API + "requests/pending"
        told = {
            "aud": self.phone.origin,
            "jti": as_text(b"0" * 15 + bytes([PushRequest.objects.count()])),
            "iat": int(self.phone.clock()),
            "method": "POST",
            "path": path,
            "body_sha256": digest(b""),
            **claims,
        }
        header = {"alg": "ES256", "kid": self.phone.id, **self.header}
        signed = f"JWS {compact(self.phone.key, header, as_json(told))}"
        return self.phone.transport("POST", path, b"", {"Authorization": signed}).status


@pytest.mark.parametrize("typ", ["JWT", "jose", "sallyport-call", ""])
def test_whatever_the_type_says_is_ignored(typ: str, alice: User) -> None:
    assert Odd(linked_phone(alice), {"typ": typ}).pending() == 200


def test_claims_that_libraries_add_are_ignored(alice: User) -> None:
    phone = linked_phone(alice)

    assert Odd(phone, {}).pending(exp=1, nbf=2**40, iss="somebody", sub=phone.id, scope=["a"]) == 200


# ── Linking ──
def test_a_link_that_waits_has_no_key_yet_and_one_that_is_active_has(alices: Client) -> None:
    phone = new_phone()

    waits = phone.link(pairing=code_in(alices))
    assert (waits.status, "server_key" in waits.body) == (202, False)
    alices.post(PAGE, {"number": waits.body["check"]})

    assert phone.state().body["server_key"] == phone.call("GET", "config").body["server_key"]


def test_a_link_by_session_has_it_at_once(alices: Client) -> None:
    phone = new_phone(alices)

    assert phone.link().body["server_key"]["kid"]


def test_a_second_phone_with_the_same_code_gets_404_and_the_first_goes_on(alices: Client) -> None:
    code = code_in(alices)
    first, second = new_phone(), new_phone()
    check = first.link(pairing=code).body["check"]

    assert second.link(pairing=code).status == 404

    assert first.state().body["state"] == "waiting"
    assert alices.post(PAGE, {"number": check}).status_code == 302


def test_a_link_whose_answer_got_lost_is_asked_for(alices: Client) -> None:
    code, phone = code_in(alices), new_phone()
    phone.link(pairing=code)

    assert phone.link(pairing=code).body["code"] == "already_linked"
    assert phone.state().body["state"] == "waiting"


def test_the_portal_opens_a_trial_of_the_phone_that_it_has_linked_and_it_counts(alices: Client) -> None:
    phone = new_phone()
    check = phone.link(pairing=code_in(alices)).body["check"]
    alices.post(PAGE, {"number": check})
    phone.state()

    [request] = phone.pending()
    statuses = [phone.try_out().status for _ in range(limits.MOST_TRIALS)]

    assert request["context"]["purpose"] == "trial"
    assert statuses == [201] * (limits.MOST_TRIALS - 1) + [409]


def test_urls_are_paths_of_the_portal(alice: User) -> None:
    urls = [new_phone().link().body["url"]]
    phone, tablet = linked_phone(alice), linked_phone(alice, name="Tablet")
    waiting(alice)
    [request] = phone.pending()
    urls.append(tablet.no(request | {"digest": tablet.pending()[0]["digest"]}, "not_me").body["secure_url"])

    assert all(url.startswith("/") and not url.startswith("//") for url in urls)


def test_a_phone_cannot_unlink_itself(alice: User) -> None:
    phone = linked_phone(alice)

    refused = phone.call("DELETE", f"devices/{phone.id}")

    assert (refused.status, refused.body["code"]) == (405, "method")
    assert PushDevice.objects.count() == 1


# ── Subscriptions ──
def test_what_browsers_may_come_to_add_to_a_subscription_is_ignored(alices: Client) -> None:
    with push_service.running() as service:
        info: dict[str, Any] = service.subscription()
        keys = {**info["keys"], "kyber": "A" * 90}
        more = {**info, "keys": keys, "expirationTime": None, "contentEncoding": "aes128gcm", "options": {"a": [1]}}

        phone = new_phone(alices)

        assert phone.link(subscription=more).status == 201
        assert phone.subscribe(more).body["subscription"] == "active"
    stored = PushSubscription.objects.get()
    assert (stored.p256dh, stored.auth) == (info["keys"]["p256dh"], info["keys"]["auth"])


@pytest.mark.parametrize("missing", ["endpoint", "keys", "p256dh", "auth"])
def test_what_a_push_needs_is_missed(missing: str, alice: User) -> None:
    with push_service.running() as service:
        info: dict[str, Any] = service.subscription()
        info["more"] = 1
        for part in (info, info["keys"]):
            part.pop(missing, None)

        assert linked_phone(alice).subscribe(info).body["code"] == "malformed"


def test_padded_keys_are_taken_as_what_they_are(alice: User) -> None:
    with push_service.running() as service:
        info: dict[str, Any] = service.subscription()
        padded = {name: text + "=" * (-len(text) % 4) for name, text in info["keys"].items()}

        assert linked_phone(alice).subscribe({**info, "keys": padded}).status == 200

    stored = PushSubscription.objects.get()
    assert (stored.p256dh, stored.auth) == (info["keys"]["p256dh"], info["keys"]["auth"])


# ── The whole way ──
def test_from_the_code_on_the_screen_to_a_sign_in_by_the_words_of_the_document(alice: User) -> None:
    computer = Client()
    sign_in(computer, alice)
    phone = new_phone()
    config = phone.call("GET", "config").body
    assert (config["origin"], config["number_digits"]) == (settings.SITE_URL, 2)

    told = phone.link("Pixel 8", pairing=code_in(computer)).body
    assert re.fullmatch(r"\d\d", told["check"])
    computer.post(PAGE, {"number": told["check"]})
    assert phone.state().body["state"] == "active"
    assert len(phone.backup_codes().body["codes"]) == 10
    [trial] = phone.pending()
    phone.no(trial)

    browser = waiting(alice)
    [request] = phone.pending()
    assert request["context"]["purpose"] == "sign_in"
    assert phone.yes(request, number_in(browser)).body["state"] == "approved"
    assert browser.post("/login/verify/push/").status_code == 302


def test_calls_of_the_document_need_no_cookie(alice: User) -> None:
    phone = linked_phone(alice)
    phone.transport = through(Client(enforce_csrf_checks=True))

    assert phone.call("POST", "requests/pending").status == 200
