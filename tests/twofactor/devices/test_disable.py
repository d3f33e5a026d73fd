"""/2fa/disable/: turning two-step verification off."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.models import Session
from accounts.sudo.actions import OwnSudo
from accounts.user.models import Protection
from audit.models import SecurityEvent
from lib import clock as portal_clock
from organizations.members.models import Membership
from organizations.organization.models import Organization
from tests.bed.people import PASSWORD, code_app, sign_in, totp_code
from twofactor.devices import actions
from twofactor.models import BackupCode
from twofactor.policy import rules

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from twofactor.models import TOTPDevice

pytestmark = pytest.mark.django_db
PAGE = "/2fa/disable/"
BANNER = "Turn on again"


@pytest.fixture
def device(alice: User) -> TOTPDevice:
    return code_app(alice)


@pytest.fixture
def owner(device: TOTPDevice) -> Client:
    client = Client()
    sign_in(client, device.user)
    return client


def device_count(user: User) -> int:
    return sum(kind.objects.filter(user=user).count() for kind in actions.kinds())


def test_it_says_what_will_happen(owner: Client, alice: User) -> None:
    code_app(alice, "Tablet")

    page = owner.get(PAGE).content.decode()

    assert "Anyone with your password could get in." in page
    assert "Your 2 methods stop working" in page
    assert "Keep it on" in page


def test_it_counts_the_backup_codes_that_are_left(owner: Client, alice: User) -> None:
    actions.make_missing_backups(alice)
    assert "Your 10 unused backup codes stop working." in owner.get(PAGE).content.decode()

    BackupCode.objects.filter(pk__in=BackupCode.objects.values("pk")[:10]).update(used_at=portal_clock.now())
    assert "unused backup code" not in owner.get(PAGE).content.decode()


def test_the_overview_leads_there(owner: Client) -> None:
    assert f'href="{PAGE}"' in owner.get("/2fa/").content.decode()


def test_the_password_turns_everything_off(owner: Client, alice: User) -> None:
    code_app(alice, "Tablet")
    actions.make_missing_backups(alice)
    Membership.objects.create(user=alice, organization=Organization.objects.create(name="Alpina", slug="alpina"))

    answer = owner.post(PAGE, {"password": PASSWORD})

    assert (answer.status_code, answer["Location"]) == (302, "/2fa/")
    assert device_count(alice) == 0
    alice.refresh_from_db()
    assert alice.protection == alice.memberships.get().protection == Protection.NONE
    assert Client().post("/login/", {"login": alice.email, "password": PASSWORD})["Location"] == "/security/"


def test_one_event_and_one_mail_tell_of_it(
    owner: Client, alice: User, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    code_app(alice, "Tablet")
    before = len(outbox())

    owner.post(PAGE, {"password": PASSWORD})

    assert SecurityEvent.objects.filter(user=alice, slug="method.all_removed").count() == 1
    assert not SecurityEvent.objects.filter(user=alice, slug="method.removed").exists()
    told = [mail for mail in outbox()[before:] if "Two-step verification was turned off" in mail.subject]
    assert [mail.to for mail in told] == [[alice.email]]


@pytest.mark.parametrize("fields", [{}, {"password": ""}, {"password": "wrong"}, {"code": "123456"}])
def test_sudo_alone_is_not_enough(fields: dict[str, str], owner: Client, device: TOTPDevice) -> None:
    assert owner.post(PAGE, fields).status_code == 422
    assert device_count(device.user) == 1


def test_the_password_alone_is_not_enough(owner: Client, device: TOTPDevice, clock: TestClock) -> None:
    clock.advance(timedelta(minutes=15, seconds=1))

    refused = owner.post(PAGE, {"password": PASSWORD})

    assert refused["Location"] == "/confirm/?next=%2F2fa%2Fdisable%2F"
    assert device_count(device.user) == 1
    assert owner.post("/confirm/", {"password": PASSWORD}).status_code == 422
    assert owner.post(refused["Location"], {"code": totp_code(device)})["Location"] == PAGE
    assert owner.post(PAGE, {"password": PASSWORD})["Location"] == "/2fa/"


def test_get_turns_nothing_off(owner: Client, device: TOTPDevice) -> None:
    assert owner.get(PAGE, {"password": PASSWORD}).status_code == 200
    assert device_count(device.user) == 1


def test_where_nothing_is_on_there_is_nothing_to_turn_off(alices: Client) -> None:
    assert alices.get(PAGE)["Location"] == "/2fa/"
    assert alices.post(PAGE, {"password": PASSWORD})["Location"] == "/2fa/"
    assert PAGE not in alices.get("/2fa/").content.decode()


def test_signed_out_people_are_sent_to_sign_in(client: Client) -> None:
    assert client.get(PAGE)["Location"].startswith("/login/")
    assert client.post(PAGE, {"password": PASSWORD})["Location"].startswith("/login/")


def test_other_sessions_end_and_this_one_stays(owner: Client, alice: User, clock: TestClock) -> None:
    clock.advance(timedelta(minutes=1))
    elsewhere = Client()
    sign_in(elsewhere, alice)

    owner.post(PAGE, {"password": PASSWORD})

    assert elsewhere.get("/2fa/").status_code == 302
    assert owner.get("/2fa/").status_code == 200
    assert not owner.get("/2fa/").wsgi_request.user.is_verified()
    assert Session.objects.filter(user=alice, ended_at=None).count() == 1


def test_a_banner_reminds_for_seven_days_on_every_page(owner: Client, alice: User, clock: TestClock) -> None:
    assert BANNER not in owner.get("/password/").content.decode()
    owner.post(PAGE, {"password": PASSWORD})

    for page in ("/2fa/", "/2fa/add/", "/password/"):
        assert BANNER in owner.get(page).content.decode()

    clock.advance(timedelta(days=7, seconds=1))
    sign_in(owner, alice)
    assert BANNER not in owner.get("/password/").content.decode()


def test_turning_it_on_again_ends_the_banner(owner: Client, alice: User) -> None:
    owner.post(PAGE, {"password": PASSWORD})
    code_app_through_the_action(owner, alice)

    alice.refresh_from_db()
    assert alice.protection_lost_at is None
    assert BANNER not in owner.get("/password/").content.decode()


def code_app_through_the_action(owner: Client, user: User) -> None:
    device = code_app(user)
    device.delete()
    device.pk = None
    actions.add(device, by=OwnSudo(user.pk), request=owner.get("/2fa/").wsgi_request)
    sign_in(owner, user)


def test_people_who_never_had_it_see_no_banner(alices: Client) -> None:
    assert BANNER not in alices.get("/2fa/").content.decode()


def test_the_banner_costs_no_statement(owner: Client) -> None:
    with CaptureQueriesContext(connection) as with_2fa:
        owner.get("/password/")
    owner.post(PAGE, {"password": PASSWORD})
    with CaptureQueriesContext(connection) as with_banner:
        owner.get("/password/")

    assert len(with_banner) == len(with_2fa)


def test_a_rule_may_forbid_it(owner: Client, device: TOTPDevice, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "may_be_without", lambda _user: False)

    page = owner.get(PAGE)

    assert 'name="password"' not in page.content.decode()
    assert owner.post(PAGE, {"password": PASSWORD}).status_code == 200
    assert actions.turn_off(device.user, by=OwnSudo(device.user_id), request=page.wsgi_request) is False
    assert device_count(device.user) == 1


def test_the_action_itself_refuses_somebody_elses_proof(device: TOTPDevice, bob: User) -> None:
    with pytest.raises(PermissionError):
        actions.turn_off(device.user, by=OwnSudo(bob.pk), request=RequestFactory().post("/"))
    assert device_count(device.user) == 1


def test_backup_codes_are_never_alone(owner: Client, alice: User, device: TOTPDevice) -> None:
    """BC-06."""
    actions.make_missing_backups(alice)

    assert actions.is_last(device)
    owner.post(f"/2fa/totp/{device.pk}/remove/")
    assert device_count(alice) == 2
    owner.post(PAGE, {"password": PASSWORD})
    assert device_count(alice) == 0


def test_wrong_passwords_cost_the_session_its_right(
    owner: Client, device: TOTPDevice, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    statuses = [owner.post(PAGE, {"password": f"wrong {number}"}).status_code for number in range(6)]

    assert statuses == [422] * 5 + [302]
    assert owner.get("/2fa/add/")["Location"].startswith("/confirm/")
    assert [mail.subject for mail in outbox() if "trying passwords" in mail.subject]
    assert device_count(device.user) == 1
