"""Headers and cookies on every answer (ASVS 3.3, 3.4)."""

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
    "require-trusted-types-for 'script'",
)
NO_ADDRESS = "/no/such/page/"


def answers(client: Client) -> Iterator[tuple[str, HttpResponse]]:
    for path in (NO_ADDRESS, *(place.path for place in places())):
        for method in (client.get, client.post):
            yield path, method(path)


def faults(answer: HttpResponse) -> list[str]:
    policy = answer.headers.get("Content-Security-Policy", "")
    return [
        *(name for name, value in EXPECTED.items() if answer.headers.get(name) != value),
        *(directive for directive in DIRECTIVES if directive not in policy),
        *(word for word in ("unsafe-inline", "unsafe-eval", "http:", "https:", "*") if word in policy),
        *([] if "no-store" in answer.headers.get("Cache-Control", "") else ["Cache-Control: no-store"]),
        *([] if "Server" not in answer.headers and "X-Powered-By" not in answer.headers else ["names its software"]),
    ]


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
    answer.close()
