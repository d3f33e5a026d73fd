"""/not-me/: the link in an alert locks the account, once, in anybody's browser (AC-05, AC-08)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest
from django.test import Client

from accounts.models import EmailChange, User
from audit.models import SecurityEvent
from lib import links
from lib.models import Counter
from messaging.models import Message
from tests.accounts.browsers import ELSEWHERE, HOME, browser_at, is_in
from tests.accounts.lock.locking import is_locked, set_password
from tests.accounts.mailbox import link_in, links_to, mails_to
from tests.bed.people import PASSWORD, code_app, give_password, sign_in, totp_code
from tests.bed.race import race, rounds, threads
from twofactor.models import NotMe

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from tests.bed.clock import TestClock

    Outbox = Callable[[], list[EmailMultiAlternatives]]

pytestmark = pytest.mark.django_db
PAGE = "/not-me/"
THIEF = "thief@elsewhere.example"


@pytest.fixture
def link(alice: User, outbox: Outbox) -> str:
    """What the mail about a sign-in from elsewhere has."""
    sign_in(browser_at(HOME, HTTP_USER_AGENT="Firefox/128.0"), alice)
    sign_in(browser_at(ELSEWHERE, HTTP_USER_AGENT="curl/8"), alice)
    return links_to(PAGE, outbox())[-1]


def count(slug: str) -> int:
    return SecurityEvent.objects.filter(slug=slug).count()


# ── The link ──
def test_the_page_says_what_it_is_about_and_what_will_happen(link: str) -> None:
    page = Client().get(link).content.decode()

    assert "Wasn’t you?" in page
    assert "We’ll sign out every device and ask for a new password." in page
    assert "You signed in from a new place" in page
    assert "curl" in page
    assert "Lock my account" in page


def test_looking_ten_times_locks_nobody_and_uses_nothing_up(alice: User, link: str) -> None:
    for _ in range(10):
        assert Client().get(link).status_code == 200
        assert Client().head(link).status_code == 200

    assert not is_locked(alice)
    assert Client().post(link).status_code == 302
    assert is_locked(alice)


def test_it_locks_signs_out_and_mails_the_way_back(alice: User, link: str, outbox: Outbox) -> None:
    thief, before = Client(), len(outbox())
    sign_in(thief, alice)

    answer = Client().post(link, follow=True)

    assert "Your account is locked" in answer.content.decode()
    assert not is_in(thief)
    assert give_password(Client(), alice).status_code == 403
    (mail,) = outbox()[before:]
    assert link_in(mail, "/password/reset/")
    assert count("account.locked") == 1


def test_a_person_gets_back_in_by_mail_and_code(alice: User, clock: TestClock, outbox: Outbox) -> None:
    sign_in(browser_at(HOME), alice)
    device = code_app(alice)
    alice.refresh_from_db()
    give_password(browser_at(ELSEWHERE), alice)
    clock.advance(timedelta(minutes=11))
    from accounts.tasks import tell_half_finished_sign_ins  # noqa: PLC0415 - as the scheduler does

    tell_half_finished_sign_ins()
    browser = Client()

    browser.post(links_to(PAGE, outbox())[-1])
    browser.post(links_to("/password/reset/", outbox())[-1], {"password": "Seven-Green-Bottles-Hang-Low-3"})
    browser.post("/login/verify/totp/", {"code": totp_code(device)})

    assert is_in(browser)
    assert not is_locked(alice)


def test_a_second_click_finds_a_used_link(link: str) -> None:
    Client().post(link)

    again = Client().post(link)

    assert again.status_code == Client().get(link).status_code == 410
    assert "This link is over" in again.content.decode()
    assert count("account.locked") == 1


@pytest.mark.parametrize(("hours", "status"), [(23.9, 302), (24.1, 410), (-24 * 400, 302)])
def test_it_works_for_a_day_whatever_the_clock_did(
    hours: float, status: int, link: str, clock: TestClock, alice: User
) -> None:
    clock.advance(timedelta(hours=hours))

    assert Client().post(link).status_code == status
    assert is_locked(alice) == (status == 302)


@pytest.mark.parametrize("forge", ["tail", "other row", "other purpose", "nonsense", "padded"])
def test_a_forged_link_is_nothing(forge: str, link: str, alice: User) -> None:
    token = link.removeprefix(PAGE).strip("/")
    pk = NotMe.objects.latest("pk").pk
    forged = {
        "tail": token[:-1] + ("0" if token[-1] != "0" else "1"),
        "other row": token.replace(f"{pk}-", f"{pk + 1}-"),
        "other purpose": links.token_for("email_stop", pk),
        "nonsense": "x",
        "padded": f"0{token}",
    }[forge]

    assert Client().get(f"{PAGE}{forged}/").status_code == 410
    assert Client().post(f"{PAGE}{forged}/").status_code == 410
    assert not is_locked(alice)


def test_only_get_head_and_post(link: str) -> None:
    assert {getattr(Client(), verb)(link).status_code for verb in ("put", "patch", "delete")} == {405}


def test_it_locks_the_account_it_was_mailed_about_and_no_other(alice: User, bob: User, link: str) -> None:
    browser = Client()
    sign_in(browser, bob)

    browser.post(link)

    assert is_locked(alice)
    assert not is_locked(bob)
    assert is_in(browser)


def test_a_link_of_another_mail_on_a_locked_account_starts_nothing_anew(alice: User, link: str, outbox: Outbox) -> None:
    sign_in(browser_at("192.0.2.9", HTTP_USER_AGENT="Chrome/120"), alice)
    change = Client()
    sign_in(change, alice)
    change.post("/profile/", {"name": "Alice New", "country": "CH"})
    other = links_to(PAGE, outbox())[-1]
    Client().post(link)
    sent = Message.objects.count()

    answer = Client().post(other)

    assert other != link
    assert answer.status_code == 302
    assert count("account.locked") == 1
    assert Message.objects.count() == sent


def test_half_way_out_it_locks_again(alice: User, link: str, outbox: Outbox, clock: TestClock) -> None:
    code_app(alice)
    Client().post(link)
    set_password(alice)
    clock.advance(timedelta(minutes=11))  # the second step has not followed: its alert has a link of its own
    mine = links_to(PAGE, outbox())[-1]

    Client().post(mine)

    alice.refresh_from_db()
    assert alice.is_barred


# ── What else it undoes ──
def test_a_pending_change_of_the_email_is_stopped(alice: User, alices: Client, outbox: Outbox) -> None:
    alices.post("/email/", {"email": THIEF})

    Client().post(links_to(PAGE, mails_to(alice.email, outbox()))[-1])

    assert EmailChange.objects.get().state == "stopped"
    assert is_locked(alice)


def confirm_change(thief: Client, outbox: Outbox) -> None:
    thief.post("/email/", {"email": THIEF})
    thief.post(links_to("/email/verify/", outbox())[-1])


@pytest.mark.parametrize("mail", ["asked", "changed", "before"])
def test_from_the_old_address_it_brings_the_email_back(mail: str, alice: User, alices: Client, outbox: Outbox) -> None:
    if mail == "before":
        alices.post("/profile/", {"name": "Alice New", "country": "CH"})
    confirm_change(alices, outbox)
    mine = links_to(PAGE, mails_to("alice@alpina.example", outbox()))

    page = Client().get(mine[-1] if mail == "changed" else mine[0]).content.decode()
    Client().post(mine[-1] if mail == "changed" else mine[0])

    assert "becomes it again" in page
    alice.refresh_from_db()
    assert alice.email == "alice@alpina.example"
    assert alice.is_locked
    assert [m.to for m in outbox() if "locked" in m.subject] == [["alice@alpina.example"]]


def test_alerts_go_to_both_addresses_for_as_long_as_the_old_one_can_take_it_back(
    alice: User, alices: Client, outbox: Outbox, clock: TestClock
) -> None:
    confirm_change(alices, outbox)
    outbox().clear()

    alices.post("/profile/", {"name": "Alice New", "country": "CH"})
    both = sorted(mail.to[0] for mail in outbox())
    clock.advance(timedelta(days=8))
    outbox().clear()
    later = Client()
    give_password(later, User.objects.get(pk=alice.pk))
    later.post("/profile/", {"name": "Alice", "country": "CH"})

    assert both == ["alice@alpina.example", THIEF]
    assert {mail.to[0] for mail in outbox()} == {THIEF}


def test_the_new_address_locks_but_the_old_one_hears_of_it_and_takes_it_back(
    alice: User, alices: Client, outbox: Outbox
) -> None:
    """A thief who has changed the email gains nothing by the links that he gets."""
    confirm_change(alices, outbox)
    his = links_to(PAGE, mails_to(THIEF, outbox()))[-1]

    Client().post(his)
    hers = links_to(PAGE, mails_to("alice@alpina.example", outbox()))[-1]
    Client().post(hers)

    alice.refresh_from_db()
    assert alice.email == "alice@alpina.example"
    assert "Your account is locked: set a new password" in [
        mail.subject for mail in mails_to("alice@alpina.example", outbox())
    ]


def test_a_thiefs_links_are_over_once_the_address_is_taken_back(alice: User, alices: Client, outbox: Outbox) -> None:
    confirm_change(alices, outbox)
    alices.post("/profile/", {"name": "Alice New", "country": "CH"})
    his = links_to(PAGE, mails_to(THIEF, outbox()))
    hers = links_to(PAGE, mails_to("alice@alpina.example", outbox()))

    Client().post(links_to("/email/stop/", mails_to("alice@alpina.example", outbox()))[-1])

    assert len(his) > 1
    for link in his:
        assert (Client().get(link).status_code, Client().post(link).status_code) == (410, 410)
    assert not is_locked(alice)
    assert Client().post(hers[-1]).status_code == 302
    assert is_locked(alice)


@pytest.mark.django_db(transaction=True)
def test_a_thiefs_link_against_taking_the_address_back(alice: User, outbox: Outbox) -> None:
    """Whoever comes first: the address is its owner's again, and the link is over."""
    for number in range(rounds(10)):
        thief = Client()
        sign_in(thief, alice)
        confirm_change(thief, outbox)
        his = links_to(PAGE, mails_to(THIEF, outbox()))[-1]
        stop = links_to("/email/stop/", mails_to("alice@alpina.example", outbox()))[-1]

        locked, stopped = race(2, lambda n: Client().post((his, stop)[n]).status_code)  # noqa: B023

        assert (locked in {302, 410}, stopped) == (True, 302)
        assert is_locked(alice) == (locked == 302)
        alice.refresh_from_db()
        assert alice.email == "alice@alpina.example"
        assert Client().post(his).status_code == 410
        User.objects.filter(pk=alice.pk).update(locked_at=None)
        Counter.objects.all().delete()
        assert EmailChange.objects.filter(state="undone").count() == number + 1


def test_a_deletion_is_taken_back(alice: User, alices: Client, outbox: Outbox) -> None:
    alices.post("/settings/delete/", {"password": PASSWORD})

    Client().post(links_to(PAGE, outbox())[-1])

    alice.refresh_from_db()
    assert alice.is_active
    assert alice.is_locked


# ── From the activity page ──
def test_a_row_of_the_activity_page_leads_there(alice: User, alices: Client) -> None:
    page = alices.get("/activity/").content.decode()
    link = re.search(r'href="([^"]*/not-me/)"', page)
    assert link is not None
    assert urljoin("/activity/", link[1]) == "/activity/1/not-me/"
    shown = alices.get("/activity/1/not-me/")
    assert "You signed in" in shown.content.decode()

    answer = alices.post("/activity/1/not-me/")

    assert answer["Location"] == "/not-me/locked/"
    assert is_locked(alice)
    assert not is_in(alices)


def test_without_a_confirmation_it_asks_first(alice: User, alices: Client, clock: TestClock) -> None:
    clock.advance(timedelta(minutes=16))

    answer = alices.post("/activity/1/not-me/")

    assert answer["Location"].startswith("/confirm/?next=")
    assert not is_locked(alice)


@pytest.mark.parametrize("seq", ["2", "999999999999999999999999999"])
def test_an_event_that_is_not_there(seq: str, alices: Client) -> None:
    assert alices.get(f"/activity/{seq}/not-me/").status_code == 404


# ── At the same instant ──
@pytest.mark.django_db(transaction=True)
def test_of_two_clicks_and_of_thirty_two_one_counts(alice: User) -> None:
    size = threads(32)
    for number in range(1, rounds(10) + 1):
        told = Message.objects.create(
            kind="new_sign_in", user=alice, recipient_email=alice.email, details={"events": "", "count": 0}
        )
        path = f"{PAGE}{links.token_for('not_me', NotMe.objects.create(user=alice, message=told).pk)}/"

        statuses = race(size, lambda _n: Client().post(path).status_code)  # noqa: B023

        assert (statuses.count(302), statuses.count(410)) == (1, size - 1)
        assert count("account.locked") == number
        assert Message.objects.filter(kind="password_reset").count() == number
        User.objects.filter(pk=alice.pk).update(locked_at=None)
