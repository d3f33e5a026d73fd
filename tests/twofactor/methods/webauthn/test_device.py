"""What counts as an answer of a key: each mutation of a right one alone is refused (WA-01, WA-04, WA-06)."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client

from audit.models import SecurityEvent
from tests.bed.authenticators import AT, BE, BS, EDDSA, ES256, ES512, RS256, UP, UV, Authenticator, b64, fetch, unb64
from tests.bed.people import code_app, give_password, security_key, sign_in, totp_code
from tests.twofactor.methods.webauthn.front_door import (
    ADD,
    CONFIRM,
    CONFIRM_OPTIONS,
    VERIFY,
    answer,
    confirm,
    is_in,
    register,
    send,
)
from twofactor.methods.webauthn import challenges
from twofactor.methods.webauthn.models import PasskeyChallenge, WebAuthnDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from django.http import HttpResponse

    from accounts.user.models import User
    from tests.bed.authenticators import Json
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
OPTIONS = f"{VERIFY}options/"
WRONG = "We couldn't check this key."
UNREADABLE = "We couldn't read what your browser sent."
UNKNOWN = "This key isn't linked to your account."


@pytest.fixture
def half_in(alice: User, client: Client) -> Client:
    """Alice has given her password; a second step is due, since she has a code app as well."""
    code_app(alice)
    give_password(client, alice)
    return client


def says(response: HttpResponse, words: str) -> bool:
    return words in response.content.decode().replace("&#x27;", "'")


# ── Right ones ──
@pytest.mark.parametrize("alg", [ES256, EDDSA, ES512, RS256])
def test_every_algorithm_we_offer_signs_in(alg: int, alice: User, client: Client) -> None:
    key = security_key(alice, alg=alg)
    give_password(client, alice)

    assert answer(client, key).status_code == 302

    assert is_in(client)
    device = WebAuthnDevice.objects.get(user=alice)
    assert device.sign_count == 1
    assert device.last_used_at is not None
    assert client.session.row.proved_by == "webauthn"


def test_as_a_second_step_presence_is_enough(alice: User, client: Client) -> None:
    key = security_key(alice, flags=UP)
    give_password(client, alice)

    assert answer(client, key).status_code == 302


def test_a_key_that_counts_nothing_may_be_used_again_and_again(alice: User) -> None:
    key = security_key(alice, counts=False)

    for _ in range(2):
        client = Client()
        give_password(client, alice)
        assert answer(client, key).status_code == 302


def test_a_key_that_does_not_say_whose_it_is_counts(alice: User, half_in: Client) -> None:
    key = security_key(alice)
    key.user_handle = None

    assert answer(half_in, key).status_code == 302


def test_that_a_passkey_was_copied_to_another_device_by_its_maker_is_kept(alice: User, client: Client) -> None:
    key = security_key(alice, flags=UP | BE)
    give_password(client, alice)
    key.flags = UP | UV | BE | BS

    answer(client, key)

    device = WebAuthnDevice.objects.get(user=alice)
    assert (device.backed_up, device.verifies_user, device.is_device_bound) == (True, True, False)


# ── Every mutation ──
def outside(**changes: Any) -> Callable[[Json], None]:
    return lambda sent: sent.update(changes)


def inside(**changes: Any) -> Callable[[Json], None]:
    return lambda sent: sent["response"].update(changes)


def without(*path: str) -> Callable[[Json], None]:
    def drop(sent: Json) -> None:
        del (sent["response"] if len(path) == 2 else sent)[path[-1]]

    return drop


def turned(field: str, place: int = -1) -> Callable[[Json], None]:
    """One bit of it is another."""

    def turn(sent: Json) -> None:
        raw = bytearray(unb64(sent["response"][field]))
        raw[place] ^= 1
        sent["response"][field] = b64(bytes(raw))

    return turn


def longer(field: str) -> Callable[[Json], None]:
    return lambda sent: sent["response"].update({field: b64(unb64(sent["response"][field]) + b"\0")})


OTHER_ID = b64(b"another key of thirty-two bytes.")
AFTER_SIGNING = {
    "another id than rawId": outside(id=OTHER_ID),
    "another rawId than id": outside(rawId=OTHER_ID),
    "another type": outside(type="password"),
    "no type": without("type"),
    "no response": without("response"),
    "a number for an id": outside(id=7),
    "an id with padding": lambda sent: sent.update(id=sent["id"] + "=", rawId=sent["id"] + "="),
    "an id of 1,024 bytes": outside(id=b64(b"x" * 1024), rawId=b64(b"x" * 1024)),
    "an empty id": outside(id="", rawId=""),
    "no signature": without("response", "signature"),
    "another signature": turned("signature"),
    "an empty signature": inside(signature=""),
    "a longer signature": longer("signature"),
    "other authenticator data": turned("authenticatorData", 32),
    "longer authenticator data": longer("authenticatorData"),
    "short authenticator data": inside(authenticatorData=b64(b"short")),
    "other client data": turned("clientDataJSON", -3),
    "client data that is no JSON": inside(clientDataJSON=b64(b"{")),
    "client data that is no text": inside(clientDataJSON=b64(b"\xff\xfe")),
    "client data with a name twice": inside(clientDataJSON=b64(b'{"challenge":"a","challenge":"b"}')),
    "a list for client data": inside(clientDataJSON=b64(b"[]")),
    "somebody else's handle": inside(userHandle=b64(b"x" * 64)),
    "a number for a handle": inside(userHandle=7),
    "letters that are not base64url": inside(signature="a+b/"),
}
BEFORE_SIGNING = {
    "the type of a registration": {"client_data": {"type": "webauthn.create"}},
    "no type at all": {"client_data": {"type": None}},
    "another challenge": {"client_data": {"challenge": b64(b"x" * 32)}},
    "http for https, or another port": {"origin": "http://localhost:1"},
    "a sub-domain": {"origin": "http://login.localhost:8000"},
    "a look-alike": {"origin": "http://xn--lcalhost-w2a:8000"},
    "the origin with a path": {"origin": "http://localhost:8000/"},
    "another site's frame": {"client_data": {"crossOrigin": True}},
    "a text for crossOrigin": {"client_data": {"crossOrigin": "false"}},
    "a top page": {"client_data": {"topOrigin": "http://localhost:8000"}},
    "another relying party": {"rp_id": "elsewhere.example"},
    "nobody present": {"flags": UV},
    "backed up, and not eligible": {"flags": UP | UV | BS},
    "eligible, which it was not": {"flags": UP | UV | BE},
    "an attested key that is not there": {"flags": UP | UV | AT},
}


@pytest.mark.parametrize("case", AFTER_SIGNING)
def test_an_answer_changed_on_its_way_is_refused_wa_01(case: str, alice: User, half_in: Client) -> None:
    key = security_key(alice)
    sent = key.sign(fetch(half_in, OPTIONS))
    AFTER_SIGNING[case](sent)

    refused = send(half_in, VERIFY, sent)

    assert refused.status_code == 422
    assert not is_in(half_in)
    assert WebAuthnDevice.objects.get(user=alice).sign_count == 0


@pytest.mark.parametrize("case", BEFORE_SIGNING)
def test_a_key_that_signs_something_else_is_refused_wa_01(case: str, alice: User, half_in: Client) -> None:
    key = security_key(alice)
    for name, value in BEFORE_SIGNING[case].items():
        setattr(key, name, value)

    refused = answer(half_in, key)

    assert refused.status_code == 422
    assert not is_in(half_in)
    is_read = case != "a text for crossOrigin"  # what is no answer at all is no try
    assert SecurityEvent.objects.filter(user=alice, slug="second_factor.failed").count() == is_read


GARBAGE = (
    *("", "null", "[]", "7", '"x"', "{", "NaN", "\x00"),
    *('{"id":"a","id":"a"}', '{"a":1e999999}', "[" * 30_000, '{"id":' * 5_000, "1" * 9000, "x" * 40_000),
)


@pytest.mark.parametrize("garbage", GARBAGE)
def test_garbage_is_refused_in_words(garbage: str, alice: User, half_in: Client) -> None:
    security_key(alice)

    refused = half_in.post(VERIFY, {"credential": garbage})

    assert refused.status_code == 422
    assert says(refused, UNREADABLE)


def test_ten_megabytes_are_not_read(alice: User, half_in: Client) -> None:
    security_key(alice)

    assert half_in.post(VERIFY, {"credential": "x" * 10_000_000}).status_code == 400


# ── Challenges ──
def test_an_answer_counts_once_wa_04(alice: User, half_in: Client) -> None:
    key = security_key(alice)
    sent = key.sign(fetch(half_in, OPTIONS))
    assert send(half_in, VERIFY, sent).status_code == 302
    half_in.post("/logout/")
    give_password(half_in, alice)

    again = send(half_in, VERIFY, sent)

    assert says(again, "That took too long. Try again.")
    assert not is_in(half_in)


def test_a_refused_answer_uses_its_question_up_wa_04(alice: User, half_in: Client) -> None:
    key = security_key(alice)
    sent = key.sign(fetch(half_in, OPTIONS))
    broken = json.loads(json.dumps(sent))
    broken["response"]["signature"] = b64(b"wrong")
    assert says(send(half_in, VERIFY, broken), WRONG)

    assert says(send(half_in, VERIFY, sent), "That took too long.")


def test_a_question_is_open_for_five_minutes(alice: User, half_in: Client, clock: TestClock) -> None:
    key = security_key(alice)
    sent = key.sign(fetch(half_in, OPTIONS))
    clock.advance(timedelta(minutes=5, seconds=1))

    assert says(send(half_in, VERIFY, sent), "That took too long.")


def test_an_answer_counts_in_the_browser_that_was_asked_wa_04(alice: User, half_in: Client) -> None:
    key = security_key(alice)
    elsewhere = Client()
    give_password(elsewhere, alice)

    assert send(elsewhere, VERIFY, key.sign(fetch(half_in, OPTIONS))).status_code == 422
    assert not is_in(elsewhere)


def test_an_answer_to_one_question_serves_no_other_wa_04(alice: User, half_in: Client) -> None:
    key = security_key(alice)
    answer(half_in, key)
    to_confirm = key.sign(fetch(half_in, CONFIRM_OPTIONS))
    to_add = key.sign(fetch(half_in, f"{ADD}options/"))

    assert send(half_in, CONFIRM, to_add).status_code == 422
    half_in.post("/logout/")
    give_password(half_in, alice)
    assert send(half_in, VERIFY, to_confirm).status_code == 422
    assert not is_in(half_in)


def test_old_questions_are_deleted(alice: User, half_in: Client, clock: TestClock) -> None:
    security_key(alice)
    fetch(half_in, OPTIONS)
    assert challenges.purge() == 0

    clock.advance(timedelta(hours=1, minutes=1))

    assert challenges.purge() == 1
    assert not PasskeyChallenge.objects.exists()


def test_questions_are_limited(alice: User, half_in: Client) -> None:
    security_key(alice)

    statuses = [half_in.post(OPTIONS).status_code for _ in range(61)]

    assert statuses == [200] * 60 + [429]


def test_whoever_knows_the_password_does_not_use_up_the_owners_questions(alice: User, client: Client) -> None:
    key = security_key(alice)
    thief = Client(REMOTE_ADDR="198.51.100.9")
    give_password(thief, alice)
    assert {thief.post(OPTIONS).status_code for _ in range(61)} == {200, 429}

    give_password(client, alice)
    answer(client, key)

    assert is_in(client)


def test_a_stolen_session_does_not_use_up_the_owners_questions(alice: User, client: Client, clock: TestClock) -> None:
    key = security_key(alice)
    give_password(client, alice)
    answer(client, key)
    thief = Client(REMOTE_ADDR="198.51.100.9")
    thief.cookies.update(client.cookies)
    clock.advance(timedelta(minutes=16))
    try_options = f"/2fa/webauthn/{WebAuthnDevice.objects.get().pk}/try/options/"
    assert {thief.post(page).status_code for page in [CONFIRM_OPTIONS, try_options] * 31} == {200, 429}

    assert confirm(client, key).status_code == 302


# ── Counters ──
def test_a_counter_that_goes_back_stops_the_key_and_is_told_wa_06(
    alice: User, half_in: Client, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    key = security_key(alice, sign_count=10)
    copy = Authenticator(credential_id=key.credential_id, user_handle=key.user_handle, sign_count=8)
    copy.private_key = key.private_key

    right = key.sign(fetch(half_in, OPTIONS))

    refused = answer(half_in, copy)

    assert refused.status_code == 422
    assert says(refused, "This key may have been copied, so it no longer works here.")
    device = WebAuthnDevice.objects.get(user=alice)
    assert device.flagged_at is not None
    assert device.sign_count == 10
    assert SecurityEvent.objects.filter(user=alice, slug="webauthn.copied").count() == 1
    assert [mail for mail in outbox() if "may have been copied" in mail.body]
    # The right one neither: nobody knows which it is.
    assert says(send(half_in, VERIFY, right), "This key may have been copied")
    assert not is_in(half_in)
    assert SecurityEvent.objects.filter(user=alice, slug="webauthn.copied").count() == 1


def test_two_answers_in_the_wrong_order_do_not_stop_the_key_wa_06(alice: User, client: Client) -> None:
    key, other = security_key(alice, sign_count=10), Client()
    for browser in (client, other):
        give_password(browser, alice)
    first, second = (key.sign(fetch(browser, OPTIONS)) for browser in (client, other))
    assert send(other, VERIFY, second).status_code == 302

    late = send(client, VERIFY, first)

    assert says(late, "That took too long. Try again.")
    assert not is_in(client)
    assert WebAuthnDevice.objects.get().flagged_at is None
    assert answer(client, key).status_code == 302


def test_a_copy_that_is_asked_after_the_key_was_used_stops_it_wa_06(alice: User, client: Client) -> None:
    key, other = security_key(alice, sign_count=10), Client()
    copy = Authenticator(credential_id=key.credential_id, user_handle=key.user_handle, sign_count=10)
    copy.private_key = key.private_key
    for browser in (client, other):
        give_password(browser, alice)
    assert answer(client, key).status_code == 302

    assert says(answer(other, copy), "This key may have been copied")

    assert WebAuthnDevice.objects.get().flagged_at is not None


@pytest.mark.parametrize("count", [10, 0])
def test_a_counter_that_stands_still_is_refused_wa_06(count: int, alice: User, half_in: Client) -> None:
    key = security_key(alice, sign_count=10)
    key.sign_count, key.counts = count, False

    assert answer(half_in, key).status_code == 422


def test_whoever_cannot_sign_cannot_stop_a_key(alice: User, half_in: Client) -> None:
    key = security_key(alice, sign_count=10)
    thief = Authenticator(credential_id=key.credential_id, user_handle=key.user_handle, sign_count=1)

    assert answer(half_in, thief).status_code == 422

    assert WebAuthnDevice.objects.get(user=alice).flagged_at is None


def test_a_stopped_key_is_not_asked_and_can_be_replaced_by_itself(alice: User, client: Client) -> None:
    key, phone = security_key(alice), code_app(alice)
    WebAuthnDevice.objects.update(flagged_at="2026-01-01T00:00Z")
    give_password(client, alice)
    assert client.post(OPTIONS).status_code == 404  # a list without names would ask for any key
    page = client.get(VERIFY)
    assert says(page, "This key may have been copied, so it no longer works here. Choose another way")
    assert b"data-ask" not in page.content
    client.post("/login/verify/totp/", {"code": totp_code(phone)})
    assert b"May be copied" in client.get("/2fa/").content

    client.post(f"/2fa/webauthn/{WebAuthnDevice.objects.get().pk}/remove/")
    assert register(client, key).status_code == 302

    assert WebAuthnDevice.objects.get().flagged_at is None


# ── Others ──
def test_another_persons_answer_is_refused_at_sign_in(alice: User, bob: User, half_in: Client) -> None:
    security_key(alice)
    bobs = security_key(bob)

    refused = answer(half_in, bobs)

    assert refused.status_code == 422
    assert says(refused, UNKNOWN)
    assert WebAuthnDevice.objects.get(user=bob).last_used_at is None
    assert not SecurityEvent.objects.filter(user=bob).exists()


def test_another_persons_key_is_as_unknown_as_nobodys(alice: User, bob: User, half_in: Client) -> None:
    security_key(alice)
    bobs, nobodys = security_key(bob), Authenticator()

    answers = [answer(half_in, key) for key in (bobs, nobodys)]

    assert [says(refused, UNKNOWN) for refused in answers] == [True, True]
    assert len({len(refused.content) for refused in answers}) == 1


def test_another_persons_answer_is_refused_when_confirming(alice: User, bob: User, client: Client) -> None:
    key, bobs = security_key(alice), security_key(bob)
    give_password(client, alice)
    answer(client, key)
    drop_sudo(client)

    assert confirm(client, bobs).status_code == 422
    assert not client.session.has_sudo


def test_confirming_with_a_key(alice: User, client: Client) -> None:
    key = security_key(alice)
    give_password(client, alice)
    answer(client, key)
    drop_sudo(client)

    assert confirm(client, key).status_code == 302
    assert client.session.has_sudo


def test_a_removed_key_does_not_count(alice: User, client: Client) -> None:
    key, phone = security_key(alice), code_app(alice)
    give_password(client, alice)
    sent = key.sign(fetch(client, OPTIONS))
    elsewhere = Client()
    give_password(elsewhere, alice)
    elsewhere.post("/login/verify/totp/", {"code": totp_code(phone)})
    WebAuthnDevice.objects.filter(user=alice).update(confirmed=False)

    assert send(client, VERIFY, sent).status_code == 422


def drop_sudo(client: Client) -> None:
    session = client.session
    session.drop_sudo()
    session.save()


# ── Doors ──
def test_questions_of_the_second_step_need_the_password(client: Client, alice: User) -> None:
    security_key(alice)

    assert client.post(OPTIONS).headers["Location"].startswith("/login/")
    assert client.post(CONFIRM_OPTIONS).headers["Location"].startswith("/login/")


def test_people_without_a_key_are_asked_nothing(alice: User, client: Client) -> None:
    code_app(alice)
    give_password(client, alice)
    assert client.post(OPTIONS).status_code == 404

    sign_in(client, alice)
    assert client.post(CONFIRM_OPTIONS).status_code == 404


def test_a_question_names_only_the_persons_own_keys(alice: User, bob: User, half_in: Client) -> None:
    key = security_key(alice)
    security_key(bob)

    options = fetch(half_in, OPTIONS)

    assert [allowed["id"] for allowed in options["allowCredentials"]] == [b64(key.credential_id)]
    assert options["rpId"] == "localhost"
    assert options["userVerification"] == "preferred"
    assert options["hints"] == ["security-key"]
    assert len(unb64(options["challenge"])) == 32
