"""Pushes, as a push service sees them, and what it may answer (MW-06, PU-11, PU-12)."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any

import http_ece
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from lib import clock as product_clock
from messaging import vapid
from messaging.actions import MOST_TRIES, deliver, queue, sweep
from messaging.models import DemoMessage, Message, PushSubscription, State
from tests.bed import push_service
from tests.bed.push_service import PushService, as_bytes, as_text
from tests.bed.servers import database_in_use, wait_until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django import Settings

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def channels(kinds: None, settings: Settings) -> None:  # noqa: ARG001 - after it
    settings.MESSAGE_CHANNELS = {**settings.MESSAGE_CHANNELS, "push": "messaging.webpush"}


@pytest.fixture
def service() -> Iterator[PushService]:
    with push_service.running() as running:
        yield running


@pytest.fixture
def subscribed(alice: User, service: PushService) -> PushSubscription:
    return subscription_of(alice, service.subscription())


def subscription_of(user: User, info: dict[str, object]) -> PushSubscription:
    keys = info["keys"]
    assert isinstance(keys, dict)
    return PushSubscription.objects.create(user=user, endpoint=info["endpoint"], **keys)


@pytest.fixture
def pushed(alice: User, subscribed: PushSubscription) -> Callable[..., Message]:
    """Queue a push, have it delivered, and return its row."""

    def push(subscription: PushSubscription = subscribed) -> Message:
        details: dict[str, int | str] = {"subscription": subscription.pk}
        message = queue(
            "nudge", to=alice.recipient, user=alice, channel="push", details=details, expires_in=timedelta(minutes=2)
        )
        assert message is not None
        deliver(message.pk)
        message.refresh_from_db()
        return message

    return push


def test_the_browser_reads_it_and_the_service_knows_who_sent_it(
    service: PushService, pushed: Callable[..., Message]
) -> None:
    message = pushed()

    [push] = service.taken
    assert message.state == State.SENT
    assert push.message == {"v": 1, "id": "abc"}
    assert push.claims["aud"] == service.origin
    assert push.claims["sub"] == "mailto:support@sallyport.example"
    now = product_clock.now().timestamp()
    assert now < push.claims["exp"] <= now + 24 * 3600
    assert push.path == "/push/1"


def test_its_life_is_short_and_its_length_says_nothing(service: PushService, pushed: Callable[..., Message]) -> None:
    pushed()

    [push] = service.taken
    assert push.headers["Urgency"] == "high"
    assert 0 < int(push.headers["TTL"]) <= 120
    assert len(push.headers["Topic"]) == 32
    assert push.headers["Content-Encoding"] == "aes128gcm"
    assert len(push.plain) == 128
    assert b"alice" not in push.body
    assert b"abc" not in push.body


@pytest.mark.parametrize(("status", "state"), [(404, "gone"), (410, "gone"), (401, "refused"), (403, "refused")])
def test_a_subscription_that_is_over_gets_nothing_more(
    status: int,
    state: str,
    service: PushService,
    subscribed: PushSubscription,
    pushed: Callable[..., Message],
    *,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """That happens every day: it is no fault of ours, and nothing that an operator could mend."""
    service.status = status

    first, second = pushed(), pushed()

    subscribed.refresh_from_db()
    assert (subscribed.state, subscribed.endpoint, subscribed.auth) == (state, "", "")
    assert first.state == second.state == State.EXPIRED
    assert service.asked == 1
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("status", [301, 302, 307, 400, 413])
def test_what_a_second_try_would_not_change_is_not_tried_again(
    status: int, service: PushService, subscribed: PushSubscription, pushed: Callable[..., Message]
) -> None:
    service.status, service.answer_headers = status, {"Location": service.origin + "/elsewhere"}

    message = pushed()

    subscribed.refresh_from_db()
    assert (message.state, message.error) == (State.DEAD, f"push service {status}")
    assert subscribed.state == "active"
    assert service.asked == 1


def test_too_many_waits_as_long_as_it_is_told(
    service: PushService, pushed: Callable[..., Message], clock: TestClock
) -> None:
    clock.stop()
    service.status, service.answer_headers = 429, {"Retry-After": "45"}

    message = pushed()

    assert message.state == State.NEW
    assert message.not_before == product_clock.now() + timedelta(seconds=45)


def test_too_many_with_a_date_and_with_nonsense(
    service: PushService, pushed: Callable[..., Message], clock: TestClock
) -> None:
    now = clock.stop(datetime.fromisoformat("2026-11-25T12:00:00+00:00"))
    service.status, service.answer_headers = 429, {"Retry-After": format_datetime(now + timedelta(seconds=60))}
    assert pushed().not_before == now + timedelta(seconds=60)

    service.answer_headers = {"Retry-After": "soon"}
    not_before = pushed().not_before
    assert not_before is not None
    assert not_before < now + timedelta(seconds=5)


def test_a_fault_is_tried_again_while_it_is_of_use(
    service: PushService, pushed: Callable[..., Message], clock: TestClock
) -> None:
    service.status = 503
    message = pushed()
    assert message.state == State.NEW
    service.status = 201

    clock.advance(timedelta(seconds=10))
    deliver(message.pk)
    message.refresh_from_db()

    assert message.state == State.SENT
    assert 0 < int(service.taken[0].headers["TTL"]) <= 110


def test_a_push_service_that_stays_away_leaves_nothing_dead(
    service: PushService, pushed: Callable[..., Message], clock: TestClock
) -> None:
    service.status = 503
    message = pushed()
    while message.state == State.NEW:
        clock.advance(timedelta(seconds=10))
        sweep(deliver)
        message.refresh_from_db()

    assert (message.state, message.error) == (State.EXPIRED, "push service 503")
    assert message.tries >= MOST_TRIES


def test_after_two_minutes_it_is_not_sent_any_more(
    service: PushService, pushed: Callable[..., Message], clock: TestClock
) -> None:
    service.status = 500
    message = pushed()
    service.status = 201

    clock.advance(timedelta(seconds=121))
    deliver(message.pk)
    message.refresh_from_db()

    assert message.state == State.EXPIRED
    assert service.taken == []


def test_a_service_that_hangs_holds_nobody_up(
    alice: User, service: PushService, pushed: Callable[..., Message]
) -> None:
    service.hangs_for = 6
    with push_service.running() as other:
        started = time.monotonic()
        message = pushed()
        took = time.monotonic() - started
        assert pushed(subscription_of(alice, other.subscription())).state == State.SENT

    assert message.state == State.NEW
    assert took < 5.5


def test_a_service_that_is_not_there(alice: User, pushed: Callable[..., Message]) -> None:
    with push_service.running() as gone:
        subscription = subscription_of(alice, gone.subscription())

    message = pushed(subscription)

    assert (message.state, message.error) == (State.NEW, "ConnectionRefusedError")


def test_one_that_lost_its_subscription_is_let_go(subscribed: PushSubscription, pushed: Callable[..., Message]) -> None:
    subscribed.delete()

    assert pushed().state == State.EXPIRED


def test_the_demo_keeps_it_to_be_read_and_sends_it(
    service: PushService, pushed: Callable[..., Message], settings: Settings
) -> None:
    settings.MESSAGE_CHANNELS = {**settings.MESSAGE_CHANNELS, "push": "messaging.demo_push"}

    message = pushed()

    assert message.state == State.SENT
    assert len(service.taken) == 1
    kept = DemoMessage.objects.get(message=message)
    assert (kept.channel, kept.to, kept.text) == ("push", "alice@alpina.example", '{"v": 1, "id": "abc"}')


# ── When it is tried again ──
@pytest.fixture
def lone_worker(transactional_db: None) -> Iterator[None]:  # noqa: ARG001 - it reads this test's rows
    """Of a production site without its scheduler: nothing sweeps, so whatever it does it was poked for."""
    environment = os.environ | {
        "DJANGO_SETTINGS_MODULE": "tests.messaging.worker_settings",
        "DATABASE_URL": database_in_use(),
        "PYTHONWARNINGS": "ignore",
    }
    command = [sys.executable, "-m", "celery", "-q", "-A", "config", "worker", "--concurrency", "1"]
    worker = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL, start_new_session=True)
    yield
    os.killpg(worker.pid, signal.SIGKILL)
    worker.wait()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("lone_worker")
def test_a_push_that_failed_is_tried_again_after_three_seconds(service: PushService, alice: User) -> None:
    """Not at the next sweep: the page waits, and so does the person at it."""
    service.status = 503
    subscription = subscription_of(alice, service.subscription())
    details: dict[str, int | str] = {"subscription": subscription.pk}
    options: dict[str, Any] = {"channel": "push", "details": details, "expires_in": timedelta(minutes=2)}
    queue("nudge", to=alice.recipient, user=alice, **options)
    wait_until(lambda: service.asked == 1)
    failed_at, service.status = time.monotonic(), 201

    wait_until(lambda: bool(service.taken))

    assert 2 < time.monotonic() - failed_at < 8
    wait_until(lambda: Message.objects.get().state == State.SENT)


# ── Vectors ──
# RFC 8291 §5: the keys of an example, its text, and what must come out.
SALT = "DGv6ra1nlYgDCS1FRnbzlw"
AUTH = "BTBZMqHH6r4Tts7J_aSIgg"
BROWSER_KEY = "q1dXpw3UpT5VOmu_cf_v6ih07Aems3njxI-JWgLcM94"
BROWSER_POINT = "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"
SERVER_KEY = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"
TEXT = b"When I grow up, I want to be a watermelon"
BODY = (
    "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95b"
    "Qpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
)


def private_key(text: str) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(as_bytes(text), "big"), ec.SECP256R1())


def test_the_encryption_is_that_of_rfc_8291() -> None:
    server = private_key(SERVER_KEY)
    encrypted = http_ece.encrypt(
        TEXT,
        salt=as_bytes(SALT),
        private_key=server,
        dh=as_bytes(BROWSER_POINT),
        auth_secret=as_bytes(AUTH),
        version="aes128gcm",
    )

    assert as_text(encrypted) == BODY
    browser = private_key(BROWSER_KEY)
    assert http_ece.decrypt(encrypted, private_key=browser, auth_secret=as_bytes(AUTH), version="aes128gcm") == TEXT


def test_the_header_is_that_of_rfc_8292() -> None:
    """Both the RFC's own example and ours pass the same check."""
    example = (
        "vapid t=eyJ0eXAiOiJKV1QiLCJhbGciOiJFUzI1NiJ9.eyJhdWQiOiJodHRwczovL3B1c2guZXhhbXBsZS5uZXQiLCJleHAiOjE"
        "0NTM1MjM3NjgsInN1YiI6Im1haWx0bzpwdXNoQGV4YW1wbGUuY29tIn0.i3CYb7t4xfxCDquptFOepC9GAu_HLGkMlMuCGSK2rpi"
        "UfnK9ojFwDXb1JrErtmysazNjjvW2L9OkSSHzvoD1oA, k=BA1Hxzyi1RUM1b5wjxsn7nGxAszw2u61m164i3MrAIxHF6YK5h4SD"
        "Yic-dRuU_RCPCfA5aq9ojSwk5Y2EmClBPs"
    )

    theirs, ours = claims_of(example), claims_of(vapid.authorization("https://push.example.net"))

    assert theirs["aud"] == ours["aud"] == "https://push.example.net"
    assert set(theirs) == set(ours) == {"aud", "exp", "sub"}


def claims_of(header: str) -> dict[str, object]:
    token, key = header.removeprefix("vapid t=").split(", k=")
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), as_bytes(key))
    claims: dict[str, object] = jwt.decode(
        token, point, algorithms=["ES256"], options={"verify_exp": False, "verify_aud": False}
    )
    return claims
