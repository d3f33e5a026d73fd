"""Changing the e-mail address: asking, confirming, stopping, taking back."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.email.models import EmailChange
from accounts.sessions.models import Session
from accounts.user.models import User
from audit.models import SecurityEvent
from messaging.models import Message
from tests.accounts.browsers import is_in
from tests.accounts.mailbox import links_to, mails_to
from tests.bed.people import PASSWORD, code_app, sign_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from tests.bed.clock import TestClock

    Outbox = Callable[[], list[EmailMultiAlternatives]]

pytestmark = pytest.mark.django_db
OLD, NEW = "alice@alpina.example", "alice@new.example"
VERIFY, STOP = "/email/verify/", "/email/stop/"


def ask(client: Client, outbox: Outbox, email: str = NEW) -> tuple[str, str]:
    """Ask for the address; returns the link to confirm and the one to stop."""
    assert client.post("/email/", {"email": email}).status_code == 302
    mails = outbox()
    return links_to(VERIFY, mails)[-1], links_to(STOP, mails)[-1]


def email_of(user: User) -> str:
    user.refresh_from_db()
    return user.email


def test_nothing_changes_before_the_new_address_confirms(alice: User, alices: Client, outbox: Outbox) -> None:
    ask(alices, outbox)

    assert email_of(alice) == OLD
    assert f'value="{NEW}"' in alices.get("/email/").content.decode(), "to be sent again"


def test_the_link_to_the_new_address_changes_it(alice: User, alices: Client, outbox: Outbox) -> None:
    verify, _stop = ask(alices, outbox)

    assert alices.post(verify)["Location"] == "/email/"

    assert email_of(alice) == NEW
    assert Client().post("/login/", {"login": NEW, "password": PASSWORD})["Location"] == "/security/"
    assert Client().post("/login/", {"login": OLD, "password": PASSWORD}).status_code == 422


def test_case_and_blanks_do_not_matter(alice: User, alices: Client, outbox: Outbox) -> None:
    verify, _stop = ask(alices, outbox, f"  {NEW.upper()} ")
    alices.post(verify)

    assert email_of(alice) == NEW


def test_both_addresses_are_told_ac_04_ac_08(alices: Client, outbox: Outbox) -> None:
    """AC-04, AC-08: at the asking the old address; at the change both."""
    verify, _stop = ask(alices, outbox)
    assert [mail.subject for mail in mails_to(OLD, outbox())] == ["Someone wants to change your email"]

    alices.post(verify)

    assert mails_to(OLD, outbox())[-1].subject == "Your email was changed"
    assert mails_to(NEW, outbox())[-1].subject == "Your email was changed"
    assert NEW in mails_to(OLD, outbox())[-1].body


def test_the_mail_to_a_stranger_carries_no_words_of_ours(alice: User, outbox: Outbox) -> None:
    """Nobody writes a line to strangers in our name by calling themselves so."""
    alice.name = "Call 0800 123 now"
    alice.save()
    client = Client()
    sign_in(client, alice)
    ask(client, outbox)

    [mail] = mails_to(NEW, outbox())
    all_of_it = str([mail.subject, mail.body, mail.alternatives])
    assert "0800" not in all_of_it
    assert alice.login_id not in all_of_it


def test_links_are_nowhere_in_the_outbox(alices: Client, outbox: Outbox) -> None:
    verify, stop = ask(alices, outbox)

    stored = str(list(Message.objects.values()))
    assert verify.split("/")[-2] not in stored
    assert stop.split("/")[-2] not in stored


def test_it_ends_every_other_session_se_02(alice: User, alices: Client, outbox: Outbox) -> None:
    """SE-02: this browser stays, under a new key; the others and what was pending end."""
    other = Client()
    sign_in(other, alice)
    verify, _stop = ask(alices, outbox)
    generation = alice.auth_generation

    alices.post(verify)

    assert is_in(alices)
    assert not is_in(other)
    alice.refresh_from_db()
    assert alice.auth_generation == generation + 1
    assert Session.objects.filter(user=alice, ended_by="email_changed").count() == 1


def test_events_are_recorded(alice: User, alices: Client, outbox: Outbox) -> None:
    verify, stop = ask(alices, outbox)
    alices.post(verify)
    Client().post(stop)

    slugs = SecurityEvent.objects.filter(user=alice, slug__startswith="email.").order_by("pk")
    assert [event.slug for event in slugs] == ["email.change_asked", "email.changed", "email.restored"]


# ── AC-01 ──
@pytest.mark.parametrize("page", ["/email/", "/email/cancel/", "{verify}"])
def test_without_sudo_it_asks_to_confirm_ac_01(
    page: str, alice: User, alices: Client, outbox: Outbox, clock: TestClock
) -> None:
    verify, _stop = ask(alices, outbox)
    clock.advance(timedelta(minutes=16))

    answer = alices.post(page.format(verify=verify), {"email": "other@new.example"})

    assert answer["Location"].startswith("/confirm/")
    assert email_of(alice) == OLD
    assert EmailChange.objects.get().state == "pending"


def test_what_was_typed_survives_the_confirmation(alices: Client, clock: TestClock) -> None:
    clock.advance(timedelta(minutes=16))
    confirm = alices.post("/email/", {"email": NEW})["Location"]

    back = alices.post(confirm, {"password": PASSWORD})["Location"]

    assert NEW in alices.get(back).content.decode()


# ── AC-04 ──
def test_another_account_is_told_so_ac_04(alice: User, charlie: User, alices: Client, outbox: Outbox) -> None:
    verify, _stop = ask(alices, outbox)
    charlies = Client()
    sign_in(charlies, charlie)

    for answer in (charlies.get(verify), charlies.post(verify)):
        assert answer.status_code == 403
        assert "another account" in answer.content.decode()
    assert email_of(alice) == OLD
    assert email_of(charlie) == "charlie@elsewhere.example"


def test_a_visitor_signs_in_first_and_comes_back_ac_04(alice: User, alices: Client, outbox: Outbox) -> None:
    verify, _stop = ask(alices, outbox)
    elsewhere = Client()

    sign_in_page = elsewhere.get(verify)["Location"]
    assert sign_in_page.startswith("/login/?next=")
    back = elsewhere.post(sign_in_page, {"login": alice.email, "password": PASSWORD, "next": verify})["Location"]

    assert back == verify
    assert elsewhere.post(back).status_code == 302
    assert email_of(alice) == NEW


def test_the_password_alone_is_not_signed_in_ac_04(alice: User, alices: Client, outbox: Outbox) -> None:
    verify, _stop = ask(alices, outbox)
    code_app(alice)
    half_way = Client()
    half_way.post("/login/", {"login": alice.email, "password": PASSWORD})

    assert half_way.post(verify)["Location"].startswith("/login/")
    assert email_of(alice) == OLD


def test_an_address_taken_meanwhile_is_told_ac_04(alice: User, bob: User, alices: Client, outbox: Outbox) -> None:
    verify, _stop = ask(alices, outbox)
    bob.email = NEW
    bob.save()

    answer = alices.post(verify)

    assert answer.status_code == 410
    assert email_of(alice) == OLD
    assert is_in(alices)
    assert alices.post(verify).status_code == 410


def test_a_newer_wish_kills_the_older_one_ac_04(alice: User, alices: Client, outbox: Outbox) -> None:
    first, _stop = ask(alices, outbox)
    second, _stop = ask(alices, outbox, "alice@newer.example")

    assert alices.post(first).status_code == 410
    assert email_of(alice) == OLD
    assert alices.post(second).status_code == 302
    assert email_of(alice) == "alice@newer.example"
    assert alices.post(first).status_code == 410


def test_a_link_works_once_ac_04(alices: Client, outbox: Outbox) -> None:
    verify, _stop = ask(alices, outbox)
    alices.post(verify)

    assert alices.post(verify).status_code == 410
    assert alices.get(verify).status_code == 410


def test_a_link_works_for_24_hours_ac_04(alice: User, alices: Client, outbox: Outbox, clock: TestClock) -> None:
    verify, stop = ask(alices, outbox)
    clock.advance(timedelta(hours=24, seconds=1))
    sign_in(alices, alice)

    assert alices.post(verify).status_code == 410
    assert Client().post(stop).status_code == 410
    assert email_of(alice) == OLD


def test_a_new_password_kills_it_ac_04(alice: User, alices: Client, outbox: Outbox) -> None:
    verify, _stop = ask(alices, outbox)
    passwords = {"current_password": PASSWORD, "password": "Quiet-Boats-Wait-At-The-Pier-9"}
    alices.post("/password/", passwords)

    assert alices.post(verify).status_code == 410
    assert email_of(alice) == OLD


@pytest.mark.parametrize(
    "field", ["verified", "state", "email_verified", "confirmed", "user", "is_support", "old_email"]
)
def test_no_field_of_the_form_confirms_anything_ac_04(field: str, alice: User, alices: Client) -> None:
    alices.post("/email/", {"email": NEW, field: "confirmed"})

    assert EmailChange.objects.get().state == "pending"
    assert email_of(alice) == OLD
    assert not alice.is_support


@pytest.mark.parametrize("page", [VERIFY, STOP])
def test_a_token_of_the_other_kind_is_none(page: str, alice: User, alices: Client, outbox: Outbox) -> None:
    verify, stop = ask(alices, outbox)
    token = (stop if page == VERIFY else verify).split("/")[-2]

    assert alices.post(f"{page}{token}/").status_code == 410
    assert email_of(alice) == OLD
    assert EmailChange.objects.get().state == "pending"


# ── AC-05 ──
@pytest.mark.parametrize("method", ["get", "head"])
def test_opening_the_links_ten_times_does_nothing_ac_05(
    method: str, alice: User, alices: Client, outbox: Outbox
) -> None:
    verify, stop = ask(alices, outbox)

    for _time in range(10):
        for client in (Client(), alices):
            getattr(client, method)(verify)
            getattr(client, method)(stop)

    assert EmailChange.objects.get().state == "pending"
    assert email_of(alice) == OLD
    assert alices.post(verify).status_code == 302
    assert email_of(alice) == NEW


# ── PW-02 ──
def test_a_taken_address_gets_the_same_answer_pw_02(alice: User, bob: User, outbox: Outbox, clock: TestClock) -> None:
    """PW-02: page, status, place and cookies are the same; the owner of the address gets a mail instead."""
    clock.stop()  # the page says until when
    answers = []
    for email in ("free@new.example", bob.email):
        client = Client()
        sign_in(client, alice)
        answer = client.post("/email/", {"email": email})
        page = client.get("/email/").content.decode().replace(email, "EMAIL")
        answers.append((answer.status_code, answer["Location"], sorted(answer.cookies), shown(page)))
    mails = outbox()

    assert answers[0] == answers[1]
    assert [mail.subject for mail in mails_to(bob.email, mails)] == ["You already have an account"]
    assert not links_to(VERIFY, mails_to(bob.email, mails))
    assert len(mails_to("free@new.example", mails)) == 1


def test_a_taken_address_costs_as_much_pw_02(bob: User, alices: Client) -> None:
    """PW-02: as many statements, and as many rows."""
    costs = []
    for email in ("warm-up@new.example", "free@new.example", bob.email):
        before = Message.objects.count()
        with CaptureQueriesContext(connection) as statements:
            alices.post("/email/", {"email": email})
        costs.append((len(statements), Message.objects.count() - before))

    assert costs[1] == costs[2]


def test_the_own_address_is_refused_in_words(alices: Client) -> None:
    answer = alices.post("/email/", {"email": OLD.upper()})

    assert answer.status_code == 422
    assert "That is your email already" in answer.content.decode()


@pytest.mark.parametrize("typed", ["", "alice", "alice@", "a b@c.example", "x" * 250 + "@a.example", "a\nb@c.example"])
def test_what_is_no_address_stays_in_the_field(typed: str, alices: Client) -> None:
    answer = alices.post("/email/", {"email": typed})

    assert answer.status_code == 422
    assert answer.context["form"]["email"].value() == typed
    assert not EmailChange.objects.exists()


def test_one_address_gets_five_mails_an_hour_at_most(alices: Client) -> None:
    statuses = [alices.post("/email/", {"email": NEW}).status_code for _time in range(6)]

    assert statuses == [302] * 5 + [429]


# ── Stopping ──
def test_the_person_can_stop_it_in_the_account(alice: User, alices: Client, outbox: Outbox) -> None:
    verify, _stop = ask(alices, outbox)

    assert alices.post("/email/cancel/")["Location"] == "/email/"

    assert alices.post(verify).status_code == 410
    assert email_of(alice) == OLD
    assert is_in(alices)


def test_the_old_address_stops_it_signed_out_and_signs_everyone_out(
    alice: User, alices: Client, outbox: Outbox
) -> None:
    verify, stop = ask(alices, outbox)
    reader = Client()

    assert reader.get(stop).status_code == 200
    assert reader.post(stop)["Location"] == "/password/forgot/"

    assert not is_in(alices)
    sign_in(alices, alice)
    assert alices.post(verify).status_code == 410
    assert email_of(alice) == OLD
    assert reader.post(stop).status_code == 410


def test_the_old_address_takes_it_back_for_seven_days(
    alice: User, alices: Client, outbox: Outbox, clock: TestClock
) -> None:
    verify, _stop = ask(alices, outbox)
    alices.post(verify)
    take_back = links_to(STOP, mails_to(OLD, outbox()))[-1]
    clock.advance(timedelta(days=7) - timedelta(minutes=1))
    sign_in(alices, alice)

    assert Client().post(take_back).status_code == 302

    assert email_of(alice) == OLD
    assert not is_in(alices)
    assert mails_to(NEW, outbox())[-1].subject == "Your email was changed back"
    assert mails_to(OLD, outbox())[-1].subject == "Your former email was restored"


def test_after_seven_days_it_is_over(alice: User, alices: Client, outbox: Outbox, clock: TestClock) -> None:
    verify, stop = ask(alices, outbox)
    alices.post(verify)
    clock.advance(timedelta(days=7, seconds=1))

    assert Client().post(stop).status_code == 410
    assert email_of(alice) == NEW


def test_taking_back_ends_what_a_thief_changed_after(alice: User, alices: Client, outbox: Outbox) -> None:
    """Nor do the thief's own links bring the address back to them."""
    verify, stop = ask(alices, outbox, "thief@one.example")
    alices.post(verify)
    verify, stop_of_thief = ask(alices, outbox, "thief@two.example")
    alices.post(verify)
    pending, _stop = ask(alices, outbox, "thief@three.example")

    assert Client().post(stop).status_code == 302
    assert email_of(alice) == OLD

    assert Client().post(stop_of_thief).status_code == 410
    sign_in(alices, alice)
    assert alices.post(pending).status_code == 410
    assert email_of(alice) == OLD


def test_an_old_address_that_has_another_account_now_is_not_taken_back(
    alice: User, bob: User, alices: Client, outbox: Outbox
) -> None:
    verify, stop = ask(alices, outbox)
    alices.post(verify)
    bob.email = OLD
    bob.save()

    assert Client().post(stop).status_code == 410
    assert email_of(alice) == NEW


def test_a_sign_up_for_the_address_loses_to_the_change(alice: User, alices: Client, outbox: Outbox) -> None:
    verify, _stop = ask(alices, outbox)
    typed = {"email": NEW, "name": "Other", "password": "Quiet-Boats-Wait-At-The-Pier-9", "country": "CH"}
    stranger = Client()
    stranger.post("/signup/", typed)
    alices.post(verify)
    [sign_up] = links_to("/signup/verify/", outbox())

    assert stranger.post(sign_up).status_code == 410
    assert email_of(alice) == NEW
    assert User.objects.filter(email=NEW).count() == 1


def shown(page: str) -> str:
    """What a page shows: the tokens against forgery differ in any two."""
    return re.sub(r'value="[A-Za-z0-9]{64}"', "", page)
