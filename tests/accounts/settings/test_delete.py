"""Deleting the account, bringing it back, and what is left when its time is over."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.apps import apps
from django.db import models
from django.test import Client

from accounts.housekeeping import purge
from accounts.settings import views
from accounts.settings.models import Deletion
from accounts.signup.models import SignUp
from accounts.sudo.actions import check_own_password
from accounts.user.models import User
from audit.models import ChainHead, SecurityEvent
from messaging.models import Message
from organizations.members.models import Membership, Role
from organizations.organization.models import Organization
from tests.accounts.browsers import is_in
from tests.accounts.mailbox import links_to, mails_to
from tests.bed.people import PASSWORD, code_app, give_password, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from accounts.requests import SignedInRequest
    from tests.bed.clock import TestClock

    Outbox = Callable[[], list[EmailMultiAlternatives]]

pytestmark = pytest.mark.django_db
PAGE, RESTORE = "/settings/delete/", "/settings/restore/"
GRACE = timedelta(days=14)


def delete(client: Client, password: str = PASSWORD) -> int:
    return client.post(PAGE, {"password": password}).status_code


@pytest.fixture
def alpina() -> Organization:
    return Organization.objects.create(name="Alpina Media SA", slug="alpina")


def join(user: User, organization: Organization, role: Role = Role.LEGAL_REPRESENTATIVE) -> Membership:
    return Membership.objects.create(user=user, organization=organization, role=role)


# ── Closing ──
def test_it_signs_out_everywhere_at_once(alice: User, alices: Client) -> None:
    other = Client()
    sign_in(other, alice)

    answer = alices.post(PAGE, {"password": PASSWORD})

    assert answer["Location"] == "/login/"
    assert "deleted" in alices.get("/login/").content.decode()
    assert not is_in(alices)
    assert not is_in(other)
    assert give_password(Client(), alice).status_code == 422
    alice.refresh_from_db()
    assert not alice.is_active


def test_a_pending_second_step_ends_too(alice: User) -> None:
    device = code_app(alice)
    owner, half_way = Client(), Client()
    sign_in(owner, alice)
    give_password(half_way, alice)

    assert delete(owner) == 302

    assert device.pk
    assert half_way.get("/login/verify/totp/")["Location"] == "/login/"


@pytest.mark.parametrize("password", ["", "Wrong-Trams-Cross-The-Bridge-72"])
def test_it_needs_the_password(password: str, alice: User, alices: Client) -> None:
    assert delete(alices, password) == 422

    alice.refresh_from_db()
    assert alice.is_active
    assert is_in(alices)


def test_it_asks_to_confirm_ac_01(alice: User, alices: Client, clock: TestClock) -> None:
    clock.advance(timedelta(minutes=16))

    assert alices.post(PAGE, {"password": PASSWORD})["Location"].startswith("/confirm/")
    alice.refresh_from_db()
    assert alice.is_active


def test_a_session_that_ended_meanwhile_deletes_nothing(
    alice: User, alices: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner, in another browser, set a new password while this one checked the old."""
    owner = Client()
    sign_in(owner, alice)

    def check_slowly(request: SignedInRequest, password: str) -> bool:
        is_right = check_own_password(request, password)
        typed = {"current_password": PASSWORD, "password": "Other-Trams-Cross-The-Bridge-28"}
        assert owner.post("/password/", typed).status_code == 302
        return is_right

    monkeypatch.setattr(views, "check_own_password", check_slowly)
    answer = alices.post("/settings/delete/", {"password": PASSWORD})

    alice.refresh_from_db()
    assert (answer.status_code, answer["Location"], alice.is_active) == (302, "/login/", True)
    assert not is_in(alices)
    assert is_in(owner)


def test_the_owner_is_told_with_a_way_back(alice: User, alices: Client, outbox: Outbox, clock: TestClock) -> None:
    due = clock.stop().astimezone(alice.zone) + GRACE
    delete(alices)

    [mail] = mails_to(alice.email, outbox())
    for content in (str(mail.body), str(mail.alternatives[0].content)):
        assert f"On {due:%-d %B %Y, %H:%M %Z}, everything about it is deleted" in content
    assert mail.subject == "Your account was deleted"
    [link] = links_to(RESTORE, [mail])
    assert link.split("/")[-2] not in str(list(Message.objects.values()))
    assert SecurityEvent.objects.filter(user=alice, slug="account.deletion_asked").count() == 1


def test_the_page_lists_what_happens(alice: User, alices: Client, alpina: Organization) -> None:
    join(alice, alpina, Role.MEMBER)

    page = alices.get(PAGE).content.decode()

    assert "You leave Alpina Media SA." in page
    assert "14 days" in page


# ── Obstacles ──
def test_the_only_legal_representative_stays(alice: User, alices: Client, bob: User, alpina: Organization) -> None:
    join(alice, alpina)
    join(bob, alpina, Role.ADMINISTRATOR)

    assert delete(alices) == 422

    assert "only legal representative of Alpina Media SA" in alices.get(PAGE).content.decode()
    alice.refresh_from_db()
    assert alice.is_active


def test_one_of_two_legal_representatives_may_go(alice: User, alices: Client, bob: User, alpina: Organization) -> None:
    join(alice, alpina)
    join(bob, alpina)

    assert delete(alices) == 302


def test_a_representative_who_is_leaving_does_not_count(
    alice: User, alices: Client, bob: User, alpina: Organization
) -> None:
    join(alice, alpina)
    join(bob, alpina)
    bobs = Client()
    sign_in(bobs, bob)

    assert delete(bobs) == 302
    assert delete(alices) == 422


def test_not_while_the_old_address_can_take_the_account_back(
    alice: User, alices: Client, outbox: Outbox, clock: TestClock
) -> None:
    """Else a thief would change the address, then delete the account, and its owner could not undo the second."""
    alices.post("/email/", {"email": "thief@new.example"})
    alices.post(links_to("/email/verify/", outbox())[-1])
    alice.refresh_from_db()

    assert delete(alices) == 422
    clock.advance(timedelta(days=7, seconds=1))
    sign_in(alices, alice)
    assert delete(alices) == 302


# ── Bringing it back ──
def test_the_link_brings_everything_back(alice: User, alices: Client, outbox: Outbox, clock: TestClock) -> None:
    device = code_app(alice)
    sign_in(alices, alice)
    delete(alices)
    [link] = links_to(RESTORE, outbox())
    clock.advance(GRACE - timedelta(minutes=1))
    reader = Client()

    assert reader.get(link).status_code == 200
    assert reader.post(link)["Location"] == "/login/"

    assert not is_in(reader)
    assert not is_in(alices)
    assert mails_to(alice.email, outbox())[-1].subject == "Your account was restored"
    assert sign_in(reader, alice)["Location"] == "/security/"
    assert type(device).objects.filter(pk=device.pk).exists()
    assert reader.post(link).status_code == 410


@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_link_ten_times_does_nothing_ac_05(
    method: str, alice: User, alices: Client, outbox: Outbox
) -> None:
    delete(alices)
    [link] = links_to(RESTORE, outbox())

    for _time in range(10):
        getattr(Client(), method)(link)

    alice.refresh_from_db()
    assert not alice.is_active


def test_it_can_be_deleted_again_and_the_first_link_stays_dead(alice: User, alices: Client, outbox: Outbox) -> None:
    delete(alices)
    [first] = links_to(RESTORE, outbox())
    Client().post(first)
    sign_in(alices, alice)
    assert delete(alices) == 302

    assert Client().post(first).status_code == 410
    assert Client().post(links_to(RESTORE, outbox())[-1]).status_code == 302


def test_a_closed_account_keeps_its_address_and_tells_nobody(alice: User, alices: Client, outbox: Outbox) -> None:
    delete(alices)
    typed = {"email": alice.email, "name": "Other", "password": "Quiet-Boats-Wait-At-The-Pier-9", "country": "CH"}

    assert Client().post("/signup/", typed)["Location"] == "/signup/sent/"
    Client().post("/password/forgot/", {"login": alice.email})

    subjects = [mail.subject for mail in mails_to(alice.email, outbox())]
    assert subjects == ["Your account was deleted", "You already have an account"]


# ── Gone for good ──
def test_after_14_days_nothing_is_left_hd_07(alice: User, bob: User, alices: Client, clock: TestClock) -> None:
    """HD-07: no row of any table refers to the person or holds the address, but the closed end of the chain."""
    code_app(alice)
    SignUp.objects.create(email=alice.email, name=alice.name, password="x", country="CH", language="en")
    sign_in(alices, alice)
    alices.post("/email/", {"email": "alice@new.example"})
    delete(alices)
    user_id, email = alice.pk, alice.email

    clock.advance(GRACE - timedelta(minutes=1))
    purge()
    assert User.objects.filter(pk=user_id).exists()
    clock.advance(timedelta(minutes=2))
    purge()

    assert list(User.objects.all()) == [bob]
    assert not list(tables_with(user_id, email))
    assert ChainHead.objects.get(pk=user_id).closed_at is not None


def test_the_address_is_free_again(alice: User, alices: Client, outbox: Outbox, clock: TestClock) -> None:
    delete(alices)
    clock.advance(GRACE)
    purge()
    typed = {"email": alice.email, "name": "Alice", "password": PASSWORD, "country": "CH"}
    newcomer = Client()
    newcomer.post("/signup/", typed)

    newcomer.post(links_to("/signup/verify/", outbox())[-1])

    assert User.objects.get().email == "alice@alpina.example"


def test_a_restored_account_stays(alice: User, alices: Client, outbox: Outbox, clock: TestClock) -> None:
    delete(alices)
    Client().post(links_to(RESTORE, outbox())[-1])
    clock.advance(timedelta(days=60))
    purge()

    assert User.objects.filter(pk=alice.pk).exists()
    assert not Deletion.objects.exists()


def test_after_14_days_the_link_is_over(alices: Client, outbox: Outbox, clock: TestClock) -> None:
    delete(alices)
    [link] = links_to(RESTORE, outbox())
    clock.advance(GRACE + timedelta(seconds=1))

    assert Client().post(link).status_code == 410
    purge()
    assert Client().post(link).status_code == 410
    assert Client().get(link).status_code == 410


def tables_with(user_id: int, email: str) -> list[str]:
    """Every table of ours that refers to the person, or holds the address in a column of text."""
    found = []
    for model in apps.get_models():
        rows = model._default_manager.all()
        for field in model._meta.concrete_fields:
            refers = isinstance(field, models.ForeignKey) and field.related_model is User
            if refers and model is not ChainHead and rows.filter(**{field.name: user_id}).exists():
                found.append(f"{model.__name__}.{field.name}")
            if isinstance(field, models.CharField) and rows.filter(**{f"{field.name}__iexact": email}).exists():
                found.append(f"{model.__name__}.{field.name}")
    return found
