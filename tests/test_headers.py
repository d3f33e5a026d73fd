"""Headers and cookies on every answer (HD-01, SE-07, ASVS 3.3, 3.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.templatetags.static import static
from django.test import Client

from tests.bed.people import sign_in
from tests.bed.walk import places

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http import HttpResponse

    from accounts.user.models import User

EXPECTED = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
DIRECTIVES = (
    "default-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "form-action 'self'",
    "object-src 'none'",
    "require-trusted-types-for 'script'",
)
# Whatever a page may ask the browser for, none may ask for these. The one that scans QR codes has the camera.
NEVER_ASKED_FOR = ("geolocation=()", "microphone=()", "payment=()", "usb=()")
NO_ADDRESS = "/no/such/page/"


def answers(client: Client) -> Iterator[tuple[str, HttpResponse]]:
    for path in (NO_ADDRESS, *(place.path for place in places())):
        for method in (client.get, client.post):
            yield path, method(path)


def faults(answer: HttpResponse) -> list[str]:
    policy = answer.headers.get("Content-Security-Policy", "")
    return [
        *(name for name, value in EXPECTED.items() if answer.headers.get(name) != value),
        *([] if "Access-Control-Allow-Origin" not in answer.headers else ["lets other sites read it"]),
        *(directive for directive in DIRECTIVES if directive not in policy),
        *(never for never in NEVER_ASKED_FOR if never not in answer.headers.get("Permissions-Policy", "")),
        *(word for word in ("unsafe-inline", "unsafe-eval", "http:", "https:", "*") if word in policy),
        *([] if "no-store" in answer.headers.get("Cache-Control", "") else ["Cache-Control: no-store"]),
        *([] if "Server" not in answer.headers and "X-Powered-By" not in answer.headers else ["names its software"]),
    ]


@pytest.mark.parametrize("tail", ["x.css", "/x.css", ";x.css", "%0Ax.css", "%2e%2e/x.js", "%3Fx.png"])
@pytest.mark.parametrize("page", ["/2fa/", "/activity/", "/settings/"])
def test_no_private_page_answers_to_the_name_of_a_file(alice: User, page: str, tail: str) -> None:
    """HD-02: a cache that keeps files by their names must not get to keep a page."""
    client = Client()
    sign_in(client, alice)

    answer = client.get(page + tail)

    assert answer.status_code == 404
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("signed_in", [False, True], ids=["signed out", "signed in"])
def test_every_answer_carries_them(alice: User, *, signed_in: bool) -> None:
    client = Client()
    if signed_in:
        sign_in(client, alice)

    wrong = {f"{path} {answer.status_code}": faults(answer) for path, answer in answers(client) if faults(answer)}

    assert not wrong


def test_no_cookie_is_readable_by_scripts_or_sent_across_sites(alice: User) -> None:
    client = Client()
    client.get("/login/")
    sign_in(client, alice)

    assert client.cookies, "no cookie was set: nothing was tested"
    for name, cookie in client.cookies.items():
        assert cookie["httponly"], name
        assert cookie["samesite"] in {"Lax", "Strict"}, name
        assert cookie["path"] == "/", name
        assert not cookie["domain"], name


@pytest.mark.django_db
def test_a_static_file_is_kept_for_a_year_and_carries_the_policy() -> None:
    answer = Client().get(static("css/portal.css"))

    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Access-Control-Allow-Origin" not in answer.headers
    answer.close()


@pytest.mark.django_db
def test_the_icon_is_where_browsers_look_by_themselves() -> None:
    answer = Client().get("/favicon.ico")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("image/")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    answer.close()
