"""Calls that are not signed as they should be are all refused alike, and nothing changes (PU-01, PU-02)."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.test import Client

from lib import clock as product_clock
from tests.bed.phone import API, Phone, as_bytes, as_json, as_text, compact, raw_signature
from tests.twofactor.methods.push.phones import device_of, linked_phone, new_phone, number_in, waiting
from twofactor.methods.push.models import PushRequest, SpentCall

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
PENDING = API + "requests/pending"
Forge = "Callable[[Phone, str, bytes, dict[str, Any]], str]"


def claims(phone: Phone, path: str, raw: bytes, **told: Any) -> bytes:
    """What a good call would say."""
    signed = phone.authorization("POST", path, raw, **told)
    return as_bytes(signed.split(".")[1])


def parts(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> tuple[str, str, bytes]:
    header, payload, signature = phone.authorization("POST", path, raw, **told)[4:].split(".")
    return header, payload, as_bytes(signature)


def no_signature(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    header, payload, _signature = parts(phone, path, raw, told)
    return f"JWS {header}.{payload}."


def another_key(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    stranger = ec.generate_private_key(ec.SECP256R1())
    return f"JWS {compact(stranger, {'alg': 'ES256', 'kid': phone.id}, claims(phone, path, raw, **told))}"


def unknown_device(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    stranger = new_phone()
    return f"JWS {compact(stranger.key, {'alg': 'ES256', 'kid': stranger.id}, claims(phone, path, raw, **told))}"


def no_algorithm(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    header = as_text(as_json({"alg": "none", "kid": phone.id}))
    return f"JWS {header}.{as_text(claims(phone, path, raw, **told))}."


def symmetric(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    """The public key taken for a secret."""
    header = as_text(as_json({"alg": "HS256", "kid": phone.id}))
    signed = f"{header}.{as_text(claims(phone, path, raw, **told))}"
    mac = hmac.new(json.dumps(phone.jwk).encode(), signed.encode(), hashlib.sha256).digest()
    return f"JWS {signed}.{as_text(mac)}"


def der(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    header, payload, _raw = parts(phone, path, raw, told)
    signature = phone.key.sign(f"{header}.{payload}".encode(), ec.ECDSA(SHA256()))
    return f"JWS {header}.{payload}.{as_text(signature)}"


def swapped(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    header, payload, signature = parts(phone, path, raw, told)
    return f"JWS {header}.{payload}.{as_text(signature[32:] + signature[:32])}"


def zeros(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    header, payload, _signature = parts(phone, path, raw, told)
    return f"JWS {header}.{payload}.{as_text(bytes(64))}"


def cut(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    header, payload, signature = parts(phone, path, raw, told)
    return f"JWS {header}.{payload}.{as_text(signature[:63])}"


def changed(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    """The claims after they were signed."""
    header, payload, signature = parts(phone, path, raw, told)
    other = as_text(as_bytes(payload).replace(b'"method"', b'"Method"'))
    return f"JWS {header}.{other}.{as_text(signature)}"


def another_body(phone: Phone, path: str, _raw: bytes, told: dict[str, Any]) -> str:
    return phone.authorization("POST", path, b"{}", **told)


def another_path(phone: Phone, _path: str, raw: bytes, told: dict[str, Any]) -> str:
    return phone.authorization("POST", API + "requests/other/decision", raw, **told)


def another_method(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    return phone.authorization("PUT", path, raw, **told)


def another_portal(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    return phone.authorization("POST", path, raw, aud="https://evil.example", **told)


def too_old(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    return phone.authorization("POST", path, raw, iat=int(product_clock.now().timestamp()) - 92, **told)


def too_new(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    return phone.authorization("POST", path, raw, iat=int(product_clock.now().timestamp()) + 95, **told)


def odd_time(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    return phone.authorization("POST", path, raw, iat=True, **told)


def endless_time(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    """Larger than any number that a clock's could be compared with by subtraction."""
    return phone.authorization("POST", path, raw, iat=10**400, **told)


def no_number(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    return phone.authorization("POST", path, raw, iat=float("nan"), **told)


def short_jti(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    return phone.authorization("POST", path, raw, jti="short", **told)


def with_header(**parameters: Any) -> Callable[..., str]:
    def forge(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
        header = {"alg": "ES256", "kid": phone.id, **parameters}
        return f"JWS {compact(phone.key, header, claims(phone, path, raw, **told))}"

    forge.__name__ = "header_" + "_".join(parameters)
    return forge


def with_parts(phone: Phone, header: bytes, payload: bytes) -> str:
    """Signed as they are, however they are written."""
    signed = f"{as_text(header)}.{as_text(payload)}"
    return f"JWS {signed}.{as_text(raw_signature(phone.key, signed.encode()))}"


def a_claim_twice(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    """One reader would take the first, another the last."""
    payload = claims(phone, path, raw, **told).replace(b"{", b'{"path":"/",', 1)
    return with_parts(phone, as_json({"alg": "ES256", "kid": phone.id}), payload)


def a_parameter_twice(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    header = as_json({"alg": "ES256", "kid": phone.id}).replace(b"{", b'{"alg":"none",', 1)
    return with_parts(phone, header, claims(phone, path, raw, **told))


def in_utf_16(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    payload = claims(phone, path, raw, **told).decode().encode("utf-16")
    return with_parts(phone, as_json({"alg": "ES256", "kid": phone.id}), payload)


def padded(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    return phone.authorization("POST", path, raw, **told) + "=="


def stray_bits(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    """The same bytes in another spelling: the last letter says four bits more than there are."""
    signed = phone.authorization("POST", path, raw, **told)
    return signed[:-1] + {"A": "B", "Q": "R", "g": "h", "w": "x"}[signed[-1]]


def with_a_space(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    return phone.authorization("POST", path, raw, **told) + " "


def claims_that_are_a_list(phone: Phone, _path: str, _raw: bytes, _told: dict[str, Any]) -> str:
    return f"JWS {compact(phone.key, {'alg': 'ES256', 'kid': phone.id}, b'[]')}"


def claims_that_nest(phone: Phone, _path: str, _raw: bytes, _told: dict[str, Any]) -> str:
    return f"JWS {compact(phone.key, {'alg': 'ES256', 'kid': phone.id}, b'[' * 1400)}"


def nonsense(*_: object) -> str:
    return "JWS a.b.c"


def nothing(*_: object) -> str:
    return ""


def a_bearer(phone: Phone, path: str, raw: bytes, told: dict[str, Any]) -> str:
    return phone.authorization("POST", path, raw, **told).replace("JWS ", "Bearer ")


FORGERIES = [
    no_signature, another_key, unknown_device, no_algorithm, symmetric, der, swapped, zeros, cut, changed, another_body,
    another_path, another_method, another_portal, too_old, too_new, odd_time, short_jti, nonsense, nothing, a_bearer,
    claims_that_are_a_list, claims_that_nest, with_header(crit=["exp"]), with_header(jku="https://evil.example/keys"),
    with_header(x5u="https://evil.example/cert"), with_header(jwk={"kty": "EC"}), with_header(b64=False),
    with_header(kid=7), with_header(alg="ES384"), with_header(kid="\ud800" * 43), with_header(kid="\0" * 43),
    with_header(kid=["x"]), with_header(alg=["ES256"]), endless_time, no_number, a_claim_twice, a_parameter_twice,
    in_utf_16, padded, stray_bits, with_a_space,
]  # fmt: skip


@pytest.mark.parametrize("forge", FORGERIES, ids=lambda forge: forge.__name__)
def test_a_decision_that_is_not_signed_right_changes_nothing(forge: Callable[..., str], alice: User) -> None:
    phone, browser = linked_phone(alice), waiting(alice)
    [request] = phone.pending()
    body = as_json({"decision": "yes", "number": number_in(browser)})
    path = f"{API}requests/{request['id']}/decision"
    told = {"nonce": request["nonce"], "request_sha256": request["digest"]}

    answer = Client().generic(
        "POST", path, body, content_type="application/json", headers={"Authorization": forge(phone, path, body, told)}
    )

    assert answer.status_code == 401
    assert answer.headers["Content-Type"] == "application/problem+json"
    members = answer.json()
    assert {**members, "now": ""} == {
        "now": "", "type": "about:blank", "title": "Unauthorized", "status": 401, "code": "denied",
    }  # fmt: skip
    assert PushRequest.objects.get().state == "pending"


def test_the_same_signature_in_its_other_form_is_the_same_call(alice: User) -> None:
    """PU-01: with s replaced by n - s an ECDSA signature is right too; it must not count a second time."""
    phone = linked_phone(alice)
    header, payload, signature = phone.authorization("POST", PENDING, b"")[4:].split(".")
    s = N - int.from_bytes(as_bytes(signature)[32:], "big")
    other = as_text(as_bytes(signature)[:32] + s.to_bytes(32, "big"))

    calls = [{"Authorization": f"JWS {header}.{payload}.{one}"} for one in (signature, other)]

    assert [Client().generic("POST", PENDING, headers=call).status_code for call in calls] == [200, 401]


def test_a_call_counts_once(alice: User, clock: TestClock) -> None:
    phone = linked_phone(alice)
    signed = {"Authorization": phone.authorization("POST", PENDING, b"")}

    assert Client().generic("POST", PENDING, headers=signed).status_code == 200
    assert Client().generic("POST", PENDING, headers=signed).status_code == 401
    clock.advance(timedelta(minutes=4))
    assert Client().generic("POST", PENDING, headers=signed).status_code == 401


def test_what_is_remembered_of_calls_is_forgotten(alice: User, clock: TestClock) -> None:
    from twofactor.tasks import purge_push_calls  # noqa: PLC0415 - as a worker does

    phone = linked_phone(alice)
    phone.pending()
    purge_push_calls()
    assert SpentCall.objects.exists()

    clock.advance(timedelta(minutes=3, seconds=1))
    purge_push_calls()

    assert not SpentCall.objects.exists()


def test_somebody_elses_phone_decides_nothing(alice: User, bob: User) -> None:
    """PU-01."""
    phone, bobs = linked_phone(alice), linked_phone(bob)
    browser = waiting(alice)
    [request] = phone.pending()

    assert bobs.pending() == []
    assert bobs.yes(request, number_in(browser)).status == 404
    assert PushRequest.objects.get().state == "pending"


@pytest.mark.parametrize("odd", ["%00", "a%00b", "..", "%ff", "x" * 300], ids=lambda odd: odd[:8])
def test_a_request_that_cannot_be_is_not_found(odd: str, alice: User) -> None:
    phone = linked_phone(alice)
    path = f"{API}requests/{odd}/decision"
    body = as_json({"decision": "no"})
    signed = phone.authorization("POST", unquote(path), body)

    answer = Client().generic("POST", path, body, content_type="application/json", headers={"Authorization": signed})

    assert answer.status_code == 404


def test_the_verdict_cannot_be_turned_round(alice: User) -> None:
    """PU-02: a signed no, sent as a yes."""
    phone, browser = linked_phone(alice), waiting(alice)
    [request] = phone.pending()
    path = f"{API}requests/{request['id']}/decision"
    told = {"nonce": request["nonce"], "request_sha256": request["digest"]}
    signed = phone.authorization("POST", path, as_json({"decision": "no", "reason": "mistake"}), **told)
    yes = as_json({"decision": "yes", "number": number_in(browser)})

    answer = Client().generic("POST", path, yes, content_type="application/json", headers={"Authorization": signed})

    assert answer.status_code == 401
    assert PushRequest.objects.get().state == "pending"


def test_the_decision_names_what_was_shown(alice: User) -> None:
    """PU-02, PU-03: neither an old request's words nor another number of one."""
    phone, browser = linked_phone(alice), waiting(alice)
    [request] = phone.pending()
    number = number_in(browser)

    for claims_of_another in ({"nonce": "0" * 64}, {"request_sha256": "x" * 43}, {"nonce": None}, {"nonce": ["x"]}):
        refused = phone.decide(request, {"decision": "yes", "number": number}, **claims_of_another)
        assert (refused.status, refused.body["code"]) == (409, "mismatch")

    assert phone.yes(request, number).status == 200


def test_what_the_phone_shows_is_signed_by_the_portal(alice: User) -> None:
    phone, _browser = linked_phone(alice), waiting(alice)
    listed = phone.call("POST", "requests/pending").body["requests"][0]
    header, payload, signature = listed["signed"].split(".")
    faked = json.loads(as_bytes(payload))
    faked["context"]["place"] = "Here"

    assert phone.verified(listed["signed"])["context"] == listed["context"]
    with pytest.raises(InvalidSignature):
        phone.verified(f"{header}.{as_text(as_json(faked))}.{signature}")
    stranger = ec.generate_private_key(ec.SECP256R1())
    forged = as_text(raw_signature(stranger, f"{header}.{payload}".encode()))
    with pytest.raises(InvalidSignature):
        phone.verified(f"{header}.{payload}.{forged}")


def test_a_phone_that_was_turned_off_is_told_so_and_nothing_else(alice: User) -> None:
    phone, browser = linked_phone(alice), waiting(alice)
    [request] = phone.pending()
    number = number_in(browser)
    device_of(phone).leave()
    device_of(phone).delete()

    told = phone.state()

    assert (told.status, told.body["state"]) == (200, "turned_off")
    assert set(told.body) == {"now", "id", "state", "product", "origin", "turned_off_at"}
    assert phone.call("POST", "requests/pending").status == 401
    assert phone.yes(request, number).status == 401
    assert PushRequest.objects.get().state == "pending"


def test_a_deleted_accounts_phone_is_unknown(alice: User) -> None:
    phone = linked_phone(alice)
    type(alice).objects.filter(pk=alice.pk).update(is_active=False)

    assert phone.state().status == 401


def test_a_phone_that_calls_too_often_waits(alice: User) -> None:
    phone = linked_phone(alice)

    statuses = [phone.call("POST", "requests/pending").status for _ in range(121)]

    assert statuses[-1] == 429
    assert set(statuses[:-2]) == {200}


def test_a_network_that_guesses_waits() -> None:
    stranger = new_phone()

    call = {"Authorization": stranger.authorization("POST", PENDING, b"")}
    statuses = [Client().generic("POST", PENDING, headers=call).status_code for _ in range(301)]

    assert set(statuses[:300]) == {401}
    assert statuses[300] == 429
