"""What every address answers, to whom (2F-01); a view that nobody thought of is asked too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tests.bed.people import code_app, give_password, sign_in
from tests.bed.walk import known_of, places

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.user.models import User

# Everything else asks to sign in. A new public view must be added here on purpose.
PUBLIC = {
    "accounts:email:forgot",
    "accounts:email:stop",
    "accounts:login:help",
    "accounts:login:sign_in",
    "accounts:login:sign_out",
    "accounts:password:forgot",
    "accounts:password:forgot_sent",
    "accounts:password:reset",
    "accounts:settings:restore",
    "accounts:signup:sent",
    "accounts:signup:sign_up",
    "accounts:signup:verify",
    "live",
    "messaging:demo_messages",  # 404 outside the demo
    "messaging:demo_messages_json",
    "ready",
    "set_language",
    # The app is one empty shell; it knows nobody.
    *(
        f"twofactor:authenticator:{name}"
        for name in (
            "account",
            "add",
            "codes",
            "install",
            "language",
            "linked",
            "manifest",
            "request",
            "requests",
            "settings",
            "worker",
        )
    ),
    "twofactor:enrolment:undo",
    "twofactor:passkey:endpoints",
    "twofactor:passkey:options",
    "twofactor:passkey:related_origins",  # 404 where there are none
    "twofactor:passkey:sign_in",
    "twofactor:not_me:lock",
    "twofactor:not_me:locked",
    "twofactor:push_api:config",
}
# Signed by a phone's key: they look at no cookie, so no other site's page can abuse one.
SIGNED = {
    "twofactor:push_api:backup_codes",
    "twofactor:push_api:decision",
    "twofactor:push_api:device",
    "twofactor:push_api:devices",
    "twofactor:push_api:pending",
    "twofactor:push_api:subscription",
    "twofactor:push_api:trial",
}
PUBLIC |= SIGNED
# Public to LoginRequiredMiddleware, but only for whoever has given the right password a moment ago.
PENDING = {
    "twofactor:challenge:answer",
    "twofactor:challenge:other",
    "twofactor:challenge:default",
    "twofactor:challenge:send",
    "twofactor:push_challenge:events",
    "twofactor:webauthn_challenge:options",
}
METHODS = ("get", "post", "put", "delete", "options", "head")


def is_sent_to_sign_in(answer: HttpResponse) -> bool:
    return answer.status_code == 302 and answer.headers["Location"].startswith("/login/")


def is_denied(answer: HttpResponse) -> bool:
    """To the sign-in page, or nothing there, or not with this method."""
    return is_sent_to_sign_in(answer) or answer.status_code in {404, 405}


def test_a_view_is_public_only_if_this_list_says_so() -> None:
    marked = {place.name for place in places() if getattr(place.view, "login_required", True) is False}

    assert marked == PUBLIC | PENDING


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.django_db
def test_a_visitor_is_sent_to_sign_in(method: str) -> None:
    private = [place for place in places() if place.name not in PUBLIC]

    let_in = [place for place in private if not is_denied(getattr(Client(), method)(place.path))]

    assert not let_in


@pytest.mark.parametrize("method", METHODS)
def test_the_password_alone_opens_nothing_but_the_second_step(alice: User, method: str) -> None:
    device = code_app(alice)
    private = [place for place in places(known_of(device)) if place.name not in PUBLIC | PENDING]
    client = Client()
    give_password(client, alice)

    let_in = [place for place in private if not is_denied(getattr(client, method)(place.path))]

    assert not let_in


@pytest.mark.parametrize("method", METHODS)
def test_somebody_elses_things_are_not_there(alice: User, charlie: User, method: str) -> None:
    device = code_app(alice)
    hers = [place for place in places(known_of(device)) if f"/{device.pk}/" in place.path]
    client = Client()
    sign_in(client, charlie)

    found = [place for place in hers if getattr(client, method)(place.path).status_code not in {404, 405}]

    assert hers, "the walk knows no address of Alice's things: has an argument another name?"
    assert not found


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("has_code_app", [False, True], ids=["without 2FA", "with 2FA"])
def test_no_address_fails(alice: User, method: str, *, has_code_app: bool) -> None:
    known = known_of(code_app(alice)) if has_code_app else {}

    for place in places(known):
        client = Client()
        sign_in(client, alice)
        answer = getattr(client, method)(place.path)
        assert answer.status_code < 500, place


def test_every_unsafe_request_needs_its_forgery_token(alice: User) -> None:
    client = Client()
    sign_in(client, alice)
    client.handler.enforce_csrf_checks = True

    elsewhere = {"sec-fetch-site": "cross-site"}
    accepted = {place.name for place in places() if client.post(place.path, headers=elsewhere).status_code != 403}

    assert accepted == SIGNED | {"twofactor:push_api:config"}
