"""Every address that takes more than GET says whether it needs a confirmation, and this file holds the list (AC-01)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from tests.bed.people import code_app, give_password, sign_in
from tests.bed.walk import known_of, places

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
UNSAFE = ("post", "put", "patch", "delete")
NEEDS_SUDO = {
    "accounts:email:cancel",
    "accounts:email:change",
    "accounts:email:verify",
    "accounts:password:change",
    "accounts:profile:edit",
    "accounts:sessions:end",
    "accounts:sessions:end_all",
    "accounts:sessions:end_others",
    "accounts:settings:delete",
    "accounts:settings:export",
    "twofactor:backup_codes:download",
    "twofactor:backup_codes:renew",
    "twofactor:devices:add",
    "twofactor:devices:disable",
    "twofactor:devices:remove",
    "twofactor:devices:returning",
    "twofactor:devices:rename",
    "twofactor:not_me:event",
    "twofactor:not_me:sign_out_others",
    "twofactor:push:add",
    "twofactor:totp:add",
    "twofactor:totp:replace",
    "twofactor:trusted_browsers:every_time",
    "twofactor:trusted_browsers:forget",
    "twofactor:trusted_browsers:forget_all",
    "twofactor:webauthn:add",
    "twofactor:webauthn:add_options",
}
NO_SUDO = {
    "accounts:email:stop",
    "accounts:login:sign_in",
    "accounts:login:sign_out",
    "accounts:password:forgot",
    "accounts:password:reset",
    "accounts:settings:edit",
    "accounts:settings:restore",
    "accounts:signup:sign_up",
    "accounts:signup:verify",
    "set_language",
    "twofactor:backup_codes:codes",
    "twofactor:challenge:answer",
    "twofactor:challenge:confirm",
    "twofactor:challenge:send",
    "twofactor:challenge:send_to_confirm",
    "twofactor:checkup:check_up",
    "twofactor:checkup:tomorrow",
    "twofactor:enrolment:check",
    "twofactor:enrolment:confirm",
    "twofactor:enrolment:undo",
    "twofactor:not_me:lock",
    "twofactor:push_api:backup_codes",
    "twofactor:push_api:decision",
    "twofactor:push_api:devices",
    "twofactor:push_api:pending",
    "twofactor:push:trial",
    "twofactor:push_api:subscription",
    "twofactor:push_api:trial",
    "twofactor:passkey:options",
    "twofactor:passkey:sign_in",
    "twofactor:webauthn:confirm_options",
    "twofactor:webauthn:try",
    "twofactor:webauthn:try_options",
    "twofactor:webauthn_challenge:options",
}


def unsafe_places(user: User) -> set[str]:
    """The names of the views that take anything but GET and HEAD, asked from within and between the two steps."""
    known = known_of(code_app(user))
    within, between = Client(), Client()
    sign_in(within, user)
    give_password(between, user)

    def refuses(path: str, verb: str) -> bool:
        return any(getattr(browser, verb)(path).status_code == 405 for browser in (within, between))

    # Signing out, and whatever else ends a session, would end the walk.
    last = {
        "accounts:login:sign_out",
        "accounts:sessions:end_all",
        "accounts:sessions:end_others",
        "accounts:settings:delete",
    }
    walk = sorted(places(known), key=lambda place: place.name in last)
    return {place.name for place in walk if not all(refuses(place.path, verb) for verb in UNSAFE)}


def test_every_view_that_changes_something_is_tagged(alice: User) -> None:
    tags = {place.name: (hasattr(place.view, "needs_sudo"), hasattr(place.view, "no_sudo")) for place in places()}
    unsafe = unsafe_places(alice)

    assert {name for name in unsafe if tags[name] == (True, False)} == NEEDS_SUDO
    assert {name for name in unsafe if tags[name] == (False, True)} == NO_SUDO
    assert unsafe == NEEDS_SUDO | NO_SUDO


def test_every_reason_is_a_sentence() -> None:
    reasons = [place.view.no_sudo for place in places() if hasattr(place.view, "no_sudo")]

    assert all(len(reason.split()) >= 3 for reason in reasons)


@pytest.mark.parametrize("verb", ["get", *UNSAFE])
@pytest.mark.parametrize("case", ["never", "expired", "another session's"])
def test_without_sudo_nothing_that_needs_it_answers(verb: str, case: str, alice: User, clock: TestClock) -> None:
    known = known_of(code_app(alice))
    client = Client()
    sign_in(client, alice)
    clock.advance(timedelta(minutes=15, seconds=1) if case == "expired" else timedelta(minutes=1))
    if case != "expired":
        session = client.session
        session.drop_sudo()
        session.save()
    if case == "another session's":
        sign_in(Client(), alice)

    tagged = [place for place in places(known) if hasattr(place.view, "needs_sudo")]
    let_in = [
        place.name
        for place in tagged
        if not getattr(client, verb)(place.path).headers.get("Location", "").startswith("/confirm/?next=")
    ]

    assert tagged
    assert not let_in
