"""The download of everything stored about a person."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client

from accounts.settings import export
from organizations.members.models import Membership, Role
from organizations.organization.models import Organization
from tests.bed.people import code_app, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
PAGE = "/settings/export/"
# Tables that name a person and are exported by the app above that owns them, or hold nothing to tell.
ELSEWHERE = {
    "organizations.Membership": "organizations",
    "twofactor.Pairing": "a code that was shown for ten minutes, gone after a day",
    "twofactor.PasskeyHandle": "random bytes",
    "twofactor.PushDevice": "second_steps",
    "twofactor.PushRequest": "push_requests",
    "twofactor.TOTPDevice": "second_steps",
    "twofactor.BackupCodes": "second_steps",
    "twofactor.Enrolment": "enrolments",
    "twofactor.MethodChange": "method_changes",
    "twofactor.EmailCheck": "email_checks",
    "twofactor.NotMe": "not_me_links",
    "twofactor.CheckUp": "check_ups",
    "twofactor.TrustedBrowser": "remembered_browsers",
    "twofactor.WebAuthnDevice": "second_steps",
    "audit.ChainHead": "a number and hashes",
}


def download(client: Client) -> dict[str, Any]:
    answer = client.post(PAGE)
    assert answer["Content-Type"] == "application/json"
    assert answer["Content-Disposition"].startswith("attachment;")
    data: dict[str, Any] = json.loads(answer.content)
    return data


def test_it_holds_what_is_stored(alice: User) -> None:
    """HD-07."""
    code_app(alice, "Phone")
    organization = Organization.objects.create(name="Alpina Media SA", slug="alpina")
    Membership.objects.create(user=alice, organization=organization, role=Role.MEMBER)
    client = Client(HTTP_USER_AGENT="Mozilla/5.0 Firefox/140.0", REMOTE_ADDR="203.0.113.7")
    sign_in(client, alice)
    client.post("/email/", {"email": "alice@new.example"})

    data = download(client)

    assert data["account"]["email"] == alice.email
    assert data["account"]["login_id"] == alice.login_id
    assert [(one["name"], one["role"]) for one in data["organizations"]] == [("Alpina Media SA", "member")]
    assert [(one["method"], one["name"]) for one in data["second_steps"]] == [("totp", "Phone")]
    assert [(one["ip"], one["proved_by"]) for one in data["sessions"]] == [("203.0.113.7", "totp")]
    assert {"account.exported", "email.change_asked"} <= {one["slug"] for one in data["events"]}
    assert "email_stop" in {one["kind"] for one in data["messages"]}
    assert [one["new_email"] for one in data["email_changes"]] == ["alice@new.example"]


def test_it_holds_no_secret(alice: User) -> None:
    device = code_app(alice)
    client = Client()
    sign_in(client, alice)

    text = client.post(PAGE).content.decode()

    secrets = [device.secret, alice.password, client.cookies[settings.SESSION_COOKIE_NAME].value]
    secrets += [session.key_digest for session in alice.sessions.all()]
    secrets += [session.data for session in alice.sessions.all()]
    assert not [secret for secret in secrets if secret in text]
    assert "sealed" not in text


def test_it_holds_nothing_of_others(alices: Client, bob: User) -> None:
    bobs = Client()
    sign_in(bobs, bob)
    bobs.post("/email/", {"email": "bob@new.example"})

    text = alices.post(PAGE).content.decode()

    assert bob.email not in text
    assert bob.login_id not in text


def test_nothing_to_take_away_says_whether_an_address_has_an_account_pw_02(
    alice: User, bob: User, charlie: User
) -> None:
    assert left_by_asking(alice, "nobody@free.example") == left_by_asking(charlie, bob.email)


def left_by_asking(user: User, email: str) -> dict[str, Any]:
    """What the person reads about a change to that address, by either download, without the moments."""
    client = Client()
    sign_in(client, user)
    client.post("/email/", {"email": email})
    data = download(client)
    rows = {section: [lasting(row) for row in data[section]] for section in ("messages", "email_changes", "events")}
    activity = [re.findall(r'"([^"]*)"', line)[1:3] for line in client.get("/activity/export/").text.splitlines()]
    named = json.dumps({**rows, "activity": activity})
    for own, name in ((email, "new address"), (user.email, "own address"), (user.name, "name")):
        named = named.replace(own, name)
    told: dict[str, Any] = json.loads(named)
    return told


def lasting(row: dict[str, Any]) -> dict[str, Any]:
    """Without moments and numbers, which never are the same."""
    return {column: value for column, value in row.items() if not column.endswith(("_at", "_id"))}


def test_no_table_that_names_a_person_is_forgotten() -> None:
    """A new one is added to the export, or to the list above with the reason."""
    related = apps.get_model(settings.AUTH_USER_MODEL)._meta.related_objects
    naming = {one.related_model._meta.label: one.get_accessor_name() for one in related}

    forgotten = {label for label, name in naming.items() if name not in export.COLUMNS and label not in ELSEWHERE}

    assert not forgotten


def test_looking_at_the_page_downloads_nothing(
    alices: Client, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    assert "attachment" not in alices.get(PAGE).headers.get("Content-Disposition", "")
    assert not outbox()


def test_the_owner_is_told(alices: Client, outbox: Callable[[], list[EmailMultiAlternatives]]) -> None:
    download(alices)

    assert [mail.subject for mail in outbox()] == ["Everything we store about you was downloaded"]


def test_it_asks_to_confirm_ac_01(alices: Client, clock: TestClock) -> None:
    clock.advance(timedelta(minutes=16))

    assert alices.post(PAGE)["Location"].startswith("/confirm/")


def test_ten_times_an_hour_are_enough(alices: Client) -> None:
    assert [alices.post(PAGE).status_code for _time in range(11)] == [200] * 10 + [429]
