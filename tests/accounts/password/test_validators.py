"""What a new password must be (ASVS 6.2, NIST SP 800-63B-4 §3.1.1)."""

from __future__ import annotations

import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, ClassVar

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from accounts.user.models import User

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django.fixtures import SettingsWrapper

GOOD = "Slow-Trams-Cross-The-Bridge-27"
ALICE = User(email="alice.moser@alpina.example", name="Alice Moser", login_id="AB12345")


def faults(password: str, user: User | None = ALICE) -> set[str]:
    try:
        validate_password(password, user)
    except ValidationError as refusal:
        return {error.code for error in refusal.error_list}
    return set()


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "correct horse battery staples",
        "äöü äöü äöü ",
        "x7 " * 341,
        "🔐🚋🌉🌊🐢🦉🍋🧲🪀🎷🛶🧭",
        "Alice likes slow trams at night",
    ],
)
def test_any_kind_of_characters_will_do(password: str) -> None:
    assert faults(password) == set()


@pytest.mark.parametrize(
    ("password", "fault"), [("", "too_short"), ("abcdefghij1", "too_short"), ("x7 " * 342, "too_long")]
)
def test_a_password_has_12_to_1024_characters(password: str, fault: str) -> None:
    assert fault in faults(password)


@pytest.mark.parametrize(
    "password",
    [
        "alice.moser@alpina.example",
        "ALICE.MOSER@ALPINA.EXAMPLE",
        "alice.moser2026",
        "Alice Moser 1",
        "moserMOSERmoser",
        "Sallyport2026",
        "sallyport-123",
        "AB12345AB12345",
        "ａｌｉｃｅ．ｍｏｓｅｒ",
        "!!alice moser!!",
    ],
)
def test_ones_own_name_or_ours_will_not_do(password: str) -> None:
    assert "personal" in faults(password)


def test_without_a_person_only_our_own_name_is_known() -> None:
    assert faults("Sallyport2026", None) == {"personal"}
    assert faults(GOOD, None) == set()


# ── Leaked passwords, offline ──
@pytest.mark.parametrize(
    "password",
    [
        "1234567890123",
        "qwertyuiop123",
        "password123456",
        "Password123456",
        "iloveyou12345",
        "PASSWORD12345!",
        "qwertyuiopasdf",
        "basketball!!!2026",
    ],
)
def test_leaked_ones_are_refused_without_any_network(password: str) -> None:
    assert "leaked" in faults(password)


# ── Leaked passwords, by a range service ──
def digest_of(password: str) -> str:
    return hashlib.sha1(password.encode()).hexdigest().upper()  # noqa: S324 - the service's protocol


class RangeService(BaseHTTPRequestHandler):
    """Have I Been Pwned's protocol; says what the test told it to."""

    asked: ClassVar[list[tuple[str, str | None]]] = []
    behaviour: ClassVar[str] = "well"
    leaked: ClassVar[dict[str, int]] = {}

    def do_GET(self) -> None:
        RangeService.asked.append((self.path, self.headers["Add-Padding"]))
        prefix = self.path.rpartition("/")[2]
        digests = {digest_of(word): times for word, times in self.leaked.items()}
        suffixes = {digest[5:]: times for digest, times in digests.items() if digest.startswith(prefix)}
        body = "\r\n".join([f"{'0' * 35}:0", *(f"{suffix}:{times}" for suffix, times in suffixes.items())]).encode()
        getattr(self, f"answer_{self.behaviour}")(body)

    def answer_well(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer_error(self, _body: bytes) -> None:
        self.send_error(503)

    def answer_cut(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) + 100))
        self.end_headers()
        self.wfile.write(body)

    def answer_nonsense(self, _body: bytes) -> None:
        self.wfile.write(b"\x00\xff no HTTP\r\n\r\n")

    def answer_nothing(self, _body: bytes) -> None:
        self.close_connection = True

    def answer_garbage(self, _body: bytes) -> None:
        self.answer_well(b"\xff\xfe:::\r\n\r\n<html>" * 100)

    def log_message(self, *_arguments: object) -> None:
        """Silent."""


@pytest.fixture
def range_service(settings: SettingsWrapper) -> Iterator[type[RangeService]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), RangeService)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.LEAKED_PASSWORD_RANGE_URL = f"http://127.0.0.1:{server.server_port}/range/"
    RangeService.asked, RangeService.behaviour, RangeService.leaked = [], "well", {}
    yield RangeService
    server.shutdown()
    server.server_close()


def test_a_range_service_may_know_more(range_service: type[RangeService]) -> None:
    range_service.leaked = {GOOD: 3}

    assert faults(GOOD) == {"leaked"}
    assert faults(GOOD + "x") == set()


def test_it_is_told_five_characters_of_a_digest_and_nothing_more(range_service: type[RangeService]) -> None:
    faults(GOOD)

    assert range_service.asked == [(f"/range/{digest_of(GOOD)[:5]}", "true")]


def test_padding_is_no_leak(range_service: type[RangeService]) -> None:
    range_service.leaked = {GOOD: 0}

    assert faults(GOOD) == set()


@pytest.mark.parametrize("behaviour", ["error", "cut", "nonsense", "nothing", "garbage"])
def test_a_service_that_fails_keeps_nobody_from_a_good_password(
    range_service: type[RangeService], behaviour: str
) -> None:
    range_service.behaviour = behaviour

    assert faults(GOOD) == set()
    assert faults("password123456") == {"leaked"}


@pytest.mark.usefixtures("range_service")
def test_nor_does_one_that_is_gone(settings: SettingsWrapper) -> None:
    settings.LEAKED_PASSWORD_RANGE_URL = "http://127.0.0.1:9/range"

    assert faults(GOOD) == set()


def test_nobody_is_asked_unless_a_service_is_set(range_service: type[RangeService], settings: SettingsWrapper) -> None:
    settings.LEAKED_PASSWORD_RANGE_URL = ""

    faults(GOOD)

    assert range_service.asked == []
