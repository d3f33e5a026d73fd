"""The app's addresses: a shell that knows nobody, the page that links, and the files that browsers ask for by name."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from twofactor.methods.push.app import files

if TYPE_CHECKING:
    from django.http import HttpResponse
    from pytest_django.fixtures import SettingsWrapper

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
SHELLS = (
    "/authenticator/",
    "/authenticator/requests/",
    "/authenticator/request/abc/",
    "/authenticator/add/",
    "/authenticator/linked/abc/",
    "/authenticator/account/abc/",
    "/authenticator/settings/",
    "/authenticator/install/",
)
WRITES = ("post", "put", "patch", "delete")


def kept(answer: HttpResponse) -> dict[str, Any]:
    """What the service worker is started with."""
    found = re.search(r"^start\((.*)\)$", answer.content.decode(), re.MULTILINE)
    assert found is not None
    told: dict[str, Any] = json.loads(found[1])
    return told


def status_of(path: str) -> int:
    answer = Client().get(path)
    answer.close()  # a file would stay open
    return answer.status_code


def test_the_shell_is_the_same_for_everybody_and_at_every_address(alices: Client) -> None:
    pages = {client.get(path).content for path in SHELLS for client in (Client(), alices)}

    assert len(pages) == 1


def test_the_shell_sets_no_cookie_and_allows_the_camera_and_one_policy() -> None:
    answer = Client().get("/authenticator/")

    assert not answer.cookies
    assert "camera=(self)" in answer.headers["Permissions-Policy"]
    assert "trusted-types sw" in answer.headers["Content-Security-Policy"]
    assert "geolocation=()" in answer.headers["Permissions-Policy"]


@pytest.mark.parametrize("path", [*SHELLS, "/authenticator/allow/", "/sw.js", "/manifest.webmanifest"])
@pytest.mark.parametrize("verb", WRITES)
def test_nothing_is_written_by_any_of_them(alices: Client, path: str, verb: str) -> None:
    assert getattr(alices, verb)(path).status_code == 405


def test_whoever_is_signed_out_signs_in_on_the_way_to_allow() -> None:
    answer = Client().get("/authenticator/allow/")

    assert answer.headers["Location"] == "/login/?next=/authenticator/allow/"


def test_allow_asks_for_a_confirmation_when_the_last_is_old(alices: Client, clock: TestClock) -> None:
    fresh = alices.get("/authenticator/allow/")
    clock.advance(timedelta(minutes=16))
    old = alices.get("/authenticator/allow/")

    assert fresh.status_code == 200
    assert old.headers["Location"].startswith("/confirm/?next=%2Fauthenticator%2Fallow%2F")


def test_allow_names_the_account_and_is_kept_nowhere(alice: User, alices: Client) -> None:
    answer = alices.get("/authenticator/allow/")

    assert alice.email in answer.content.decode()
    assert answer.headers["Cache-Control"] == "no-store"
    assert "/authenticator/allow/" in kept(Client().get("/sw.js"))["online"]


def test_the_worker_has_the_scope_of_the_app_alone() -> None:
    answer = Client().get("/sw.js")

    assert answer.headers["Content-Type"].startswith("text/javascript")
    assert answer.headers["Service-Worker-Allowed"] == "/authenticator/"
    assert answer.headers["Cache-Control"] == "no-store"


def test_the_worker_keeps_no_page_of_a_person() -> None:
    told = kept(Client().get("/sw.js"))

    assert told["shell"] == "/authenticator/"
    assert all(file.startswith("/static/") or file == "/manifest.webmanifest" for file in told["files"])
    assert {status_of(file) for file in told["files"]} == {200}


def test_the_worker_is_another_one_when_a_word_of_the_shell_is(settings: SettingsWrapper) -> None:
    before = kept(Client().get("/sw.js"))["version"]
    same = kept(Client().get("/sw.js"))["version"]
    settings.PRODUCT_NAME = "Latch"
    after = kept(Client().get("/sw.js"))["version"]

    assert before == same != after


def test_everything_is_called_what_the_product_is_called(settings: SettingsWrapper) -> None:
    settings.PRODUCT_NAME = "Latch"

    shown = [Client().get(path).content.decode() for path in ("/authenticator/", "/manifest.webmanifest")]

    assert json.loads(shown[1])["name"] == "Latch Authenticator"
    assert not [page for page in shown if "Sallyport" in page]


def test_the_manifest_has_what_installing_takes() -> None:
    manifest = Client().get("/manifest.webmanifest").json()

    assert manifest["display"] == "standalone"
    assert manifest["start_url"].startswith(files.SCOPE)
    assert {icon["sizes"] for icon in manifest["icons"]} >= {"192x192", "512x512"}
    assert "maskable" in {icon["purpose"] for icon in manifest["icons"]}
    assert {status_of(icon["src"]) for icon in manifest["icons"]} == {200}


def test_without_a_decoder_the_app_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "QR_DECODER", "vendor/not/there.js")

    page = Client().get("/authenticator/").content.decode()

    assert '"decoder": ""' in page


def test_the_language_page_leads_back_to_the_settings() -> None:
    page = Client().get("/authenticator/language/").content.decode()

    assert f'name="next" value="{reverse("twofactor:authenticator:settings")}"' in page
