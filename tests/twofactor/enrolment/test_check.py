"""/2fa/check/: a mail before the first method, where the place is new."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.sudo.actions import OwnSudo
from accounts.tasks import purge_accounts
from audit.models import SecurityEvent
from audit.tasks import purge_events
from lib.mask import masked_email
from messaging.models import Message
from tests.accounts.mailbox import link_in, links_to, mails_to
from tests.bed.people import PASSWORD, code_app, give_password, sign_in
from tests.twofactor.enrolment.front_door import ADD, CHECK, ELSEWHERE, HOME, signed_in_at, turn_on
from twofactor import registry
from twofactor.devices import actions
from twofactor.enrolment.models import EmailCheck, Enrolment
from twofactor.enrolment.proof import NotConfirmedByEmail, undo_token
from twofactor.housekeeping import purge
from twofactor.models import MethodChange, NotMe, TOTPDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from pytest_django.fixtures import SettingsWrapper

    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from twofactor.method import Method

    Outbox = Callable[[], list[EmailMultiAlternatives]]

pytestmark = pytest.mark.django_db
ASKED = f"{CHECK}?next=/2fa/totp/add/"


def is_asked(browser: Client) -> bool:
    answer = browser.get(ADD)
    return answer.status_code == 302 and answer["Location"].startswith(CHECK)


def mailed_link(browser: Client, outbox: Outbox) -> str:
    assert browser.post(ASKED).status_code == 302
    return links_to(CHECK, outbox())[-1]


# ── Which mailboxes ──
@pytest.fixture
def moved(settled: User, outbox: Outbox, clock: TestClock) -> Client:
    """A thief, in a new place, has just changed the email to his own."""
    thief = signed_in_at(ELSEWHERE, settled)
    thief.post("/email/", {"email": "thief@elsewhere.example"})
    thief.post(links_to("/email/verify/", outbox())[-1])
    settled.refresh_from_db()
    assert settled.email == "thief@elsewhere.example"
    clock.advance(timedelta(minutes=1))
    return thief


def test_a_mailbox_that_is_minutes_old_is_not_enough(moved: Client, outbox: Outbox) -> None:
    moved.post(ASKED)
    his = links_to(CHECK, mails_to("thief@elsewhere.example", outbox()))[-1]

    assert moved.post(his)["Location"] == "/2fa/check/?next=%2F2fa%2Ftotp%2Fadd%2F"

    assert is_asked(moved)
    assert moved.post(ADD, {"code": "123456"})["Location"].startswith(CHECK)
    assert "We send a link to" not in moved.get(ASKED).content.decode()
    assert not TOTPDevice.objects.exists()


def test_the_former_one_is_asked_as_well_and_both_together_are_enough(moved: Client, outbox: Outbox) -> None:
    page = moved.get(ASKED).content.decode()
    assert "t•••@elsewhere.example" in page
    assert "a•••@alpina.example" in page
    moved.post(ASKED)

    for address in ("alice@alpina.example", "thief@elsewhere.example"):
        moved.post(links_to(CHECK, mails_to(address, outbox()))[-1])

    turn_on(moved)


def test_the_former_one_alone_is_not_enough_either(moved: Client, outbox: Outbox) -> None:
    moved.post(ASKED)

    moved.post(links_to(CHECK, mails_to("alice@alpina.example", outbox()))[-1])

    assert is_asked(moved)


def test_when_the_former_one_can_take_nothing_back_it_is_not_asked(
    moved: Client, settled: User, outbox: Outbox, clock: TestClock
) -> None:
    clock.advance(timedelta(days=7, minutes=1))
    browser = signed_in_at("192.0.2.200", settled)

    browser.post(ASKED)

    assert not [mail for mail in mails_to("alice@alpina.example", outbox()) if CHECK in str(mail.body)]
    browser.post(links_to(CHECK, mails_to("thief@elsewhere.example", outbox()))[-1])
    turn_on(browser)
    assert moved


# ── Who is asked ──
def test_a_new_account_is_not_asked(alice: User) -> None:
    turn_on(signed_in_at(ELSEWHERE, alice))


def test_the_first_sign_in_ever_is_not_asked(alice: User, clock: TestClock) -> None:
    """The demo on its second day."""
    clock.advance(timedelta(days=2))

    assert not is_asked(signed_in_at(HOME, alice))
    turn_on(signed_in_at(HOME, alice))


def test_an_account_that_rested_for_more_than_a_year_is_asked(settled: User, clock: TestClock) -> None:
    """Neither a session nor an event says any more that it was ever used."""
    clock.advance(timedelta(days=400))
    purge_accounts()
    purge_events()
    browser = signed_in_at(ELSEWHERE, settled)

    assert SecurityEvent.objects.filter(user=settled).count() == settled.sessions.count() == 1
    assert is_asked(browser)
    assert browser.post(ADD, {"code": "123456"})["Location"].startswith(CHECK)


def test_a_known_place_is_not_asked(settled: User) -> None:
    turn_on(signed_in_at("203.0.113.200", settled))


def test_a_new_place_is_asked(settled: User) -> None:
    browser = signed_in_at(ELSEWHERE, settled)

    answer = browser.get(ADD)

    assert (answer.status_code, answer["Location"]) == (302, "/2fa/check/?next=%2F2fa%2Ftotp%2Fadd%2F")
    assert browser.post(ADD, {"code": "123456"})["Location"].startswith(CHECK)


@pytest.mark.parametrize("method", registry.METHODS, ids=lambda method: method.slug)
def test_every_method_is_behind_it(method: Method, settled: User) -> None:
    browser = signed_in_at(ELSEWHERE, settled)

    assert browser.get(method.add_url)["Location"].startswith(CHECK)


def test_pretending_to_be_the_owners_browser_does_not_help(settled: User) -> None:
    firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
    at_home = Client(REMOTE_ADDR=HOME, HTTP_USER_AGENT=firefox)
    give_password(at_home, settled)
    thief = Client(REMOTE_ADDR=ELSEWHERE, HTTP_USER_AGENT=firefox)
    give_password(thief, settled)

    assert is_asked(thief)


def test_signing_in_twice_does_not_make_a_place_known(settled: User) -> None:
    signed_in_at(ELSEWHERE, settled)

    assert is_asked(signed_in_at(ELSEWHERE, settled))


def test_a_session_that_moves_is_asked(settled: User) -> None:
    browser = signed_in_at(HOME, settled)
    browser.defaults["REMOTE_ADDR"] = ELSEWHERE

    assert is_asked(browser)


def test_a_place_is_settled_after_a_day(settled: User, clock: TestClock) -> None:
    signed_in_at(ELSEWHERE, settled)

    clock.advance(timedelta(days=1, seconds=1))

    assert not is_asked(signed_in_at(ELSEWHERE, settled))


def test_the_time_is_a_setting(settled: User, clock: TestClock, settings: SettingsWrapper) -> None:
    browser = signed_in_at(ELSEWHERE, settled)
    settings.FIRST_METHOD_SETTLED = timedelta(minutes=10)
    assert is_asked(browser)

    clock.advance(timedelta(minutes=10, seconds=1))

    assert not is_asked(browser)


def test_nobody_is_asked_before_a_second_method(settled: User) -> None:
    code_app(settled)
    browser = Client(REMOTE_ADDR=ELSEWHERE)
    sign_in(browser, settled)

    assert browser.get(ADD).status_code == 200


def test_the_action_itself_refuses(settled: User) -> None:
    """Whatever page, API or protocol adds a method: the guard is not only in the pages."""
    browser = signed_in_at(ELSEWHERE, settled)
    request = browser.get(CHECK).wsgi_request
    device = TOTPDevice(user=settled, name="Thief's phone")
    device.secret = "A" * 32

    with pytest.raises(NotConfirmedByEmail):
        actions.add(device, by=OwnSudo(settled.pk), request=request)

    assert not TOTPDevice.objects.exists()


# ── The mail ──
def test_a_mail_lets_this_browser_go_on(settled: User, outbox: Outbox) -> None:
    browser = signed_in_at(ELSEWHERE, settled)
    link = mailed_link(browser, outbox)

    assert "Yes, go on" in browser.get(link).content.decode()
    assert browser.post(link)["Location"] == ADD

    turn_on(browser)
    assert TOTPDevice.objects.filter(user=settled, confirmed=True).exists()
    assert SecurityEvent.objects.filter(user=settled, slug="confirmed", details={"method": "email"}).count() == 1


def test_the_page_says_where_it_was_sent_masked(settled: User, outbox: Outbox) -> None:
    browser = signed_in_at(ELSEWHERE, settled)
    before = browser.get(ASKED).content.decode()
    mailed_link(browser, outbox)
    after = browser.get(ASKED).content.decode()

    assert "Send the mail" in before
    assert "a•••@alpina.example" in after
    assert "Send it again" in after


def test_the_mail_goes_to_the_owner_and_says_from_where(settled: User, outbox: Outbox) -> None:
    browser = signed_in_at(ELSEWHERE, settled)
    link = mailed_link(browser, outbox)

    mail = mails_to(settled.email, outbox())[-1]

    assert link_in(mail, CHECK) == link
    assert link_in(mail, "/not-me/")
    assert SecurityEvent.objects.filter(user=settled, slug="method.first_asked").count() == 1


def test_looking_sends_and_confirms_nothing(settled: User, outbox: Outbox) -> None:
    browser = signed_in_at(ELSEWHERE, settled)
    link = mailed_link(browser, outbox)

    for _ in range(10):
        browser.get(ASKED)
        browser.head(ASKED)
        browser.get(link)
        browser.head(link)

    assert Message.objects.filter(kind="first_method_check").count() == 1
    assert is_asked(browser)
    assert browser.post(link)["Location"] == ADD


def test_a_link_confirms_once(settled: User, outbox: Outbox) -> None:
    browser = signed_in_at(ELSEWHERE, settled)
    link = mailed_link(browser, outbox)

    assert [browser.post(link).status_code for _ in range(2)] == [302, 410]


def test_a_link_dies_after_fifteen_minutes(settled: User, outbox: Outbox, clock: TestClock) -> None:
    browser = signed_in_at(ELSEWHERE, settled)
    link = mailed_link(browser, outbox)

    clock.advance(timedelta(minutes=15, seconds=1))

    assert browser.get(link).status_code == 410
    assert browser.post(link).status_code == 410
    assert is_asked(browser)


def test_an_older_link_works_beside_a_newer_one(settled: User, outbox: Outbox) -> None:
    browser = signed_in_at(ELSEWHERE, settled)
    older = mailed_link(browser, outbox)
    newer = mailed_link(browser, outbox)

    assert older != newer
    assert browser.post(older).status_code == 302


def test_five_mails_an_hour(settled: User) -> None:
    browser = signed_in_at(ELSEWHERE, settled)

    statuses = [browser.post(ASKED).status_code for _ in range(7)]

    assert statuses == [302] * 5 + [429] * 2
    assert Message.objects.filter(kind="first_method_check").count() == 5


def test_the_owners_click_does_not_help_the_thief(settled: User, outbox: Outbox) -> None:
    """The owner opens the thief's mail in a browser of their own: signed out, at home, and in another session there."""
    thief = signed_in_at(ELSEWHERE, settled)
    link = mailed_link(thief, outbox)
    owner = signed_in_at(HOME, settled)
    neighbour = signed_in_at(ELSEWHERE, settled)

    assert Client().post(link)["Location"].startswith("/login/")
    for browser in (owner, neighbour):
        page = browser.get(link)
        assert (page.status_code, browser.post(link).status_code) == (403, 403)
        assert "Change my password" in page.content.decode()

    assert is_asked(thief)
    assert not EmailCheck.objects.exclude(confirmed_at=None).exists()


def test_a_confirmation_is_for_one_session(settled: User, outbox: Outbox) -> None:
    browser = signed_in_at(ELSEWHERE, settled)
    browser.post(mailed_link(browser, outbox))

    assert not is_asked(browser)
    assert is_asked(signed_in_at(ELSEWHERE, settled))


def test_a_confirmation_survives_a_new_key_and_dies_with_the_password(settled: User, outbox: Outbox) -> None:
    browser = signed_in_at(ELSEWHERE, settled)
    browser.post(mailed_link(browser, outbox))
    browser.post("/confirm/", {"password": PASSWORD})
    assert not is_asked(browser)

    browser.post("/password/", {"current_password": PASSWORD, "password": "Nine-Herons-Wait-By-Ponds"})

    assert is_asked(browser)


def test_somebody_elses_link_is_refused(settled: User, bob: User, outbox: Outbox) -> None:
    link = mailed_link(signed_in_at(ELSEWHERE, settled), outbox)
    bobs = signed_in_at(ELSEWHERE, bob)

    assert bobs.post(link).status_code == 403


@pytest.mark.parametrize("token", ["1-abc", "abc", "-", "1-" + "0" * 64, "0-" + "0" * 64, "9" * 30 + "-a"])
def test_a_forged_link_is_over(token: str, settled: User, outbox: Outbox) -> None:
    browser = signed_in_at(ELSEWHERE, settled)
    mailed_link(browser, outbox)

    assert browser.post(f"{CHECK}{token}/").status_code == 410
    assert is_asked(browser)


def test_a_link_of_another_purpose_does_not_count(settled: User, outbox: Outbox) -> None:
    browser = signed_in_at(ELSEWHERE, settled)
    mailed_link(browser, outbox)
    pk = EmailCheck.objects.get().pk

    assert browser.post(f"{CHECK}{undo_token(pk, settled.email)}/").status_code == 410


def test_it_never_leads_away_from_here(settled: User, outbox: Outbox) -> None:
    browser = signed_in_at(ELSEWHERE, settled)
    browser.post(f"{CHECK}?next=https://evil.example/")
    link = links_to(CHECK, outbox())[-1]

    assert browser.post(link)["Location"] == "/security/"


def test_there_is_nothing_to_confirm_for_others(settled: User) -> None:
    at_home = signed_in_at(HOME, settled)

    assert at_home.get(ASKED)["Location"] == ADD
    assert at_home.post(ASKED)["Location"] == ADD
    assert not Message.objects.filter(kind="first_method_check").exists()


def test_addresses_are_masked() -> None:
    assert masked_email("lena@alpina.example") == "l•••@alpina.example"
    assert masked_email('"a@b"@c.example') == '"•••@c.example'


def test_old_rows_are_purged(settled: User, outbox: Outbox, clock: TestClock) -> None:
    browser = signed_in_at(ELSEWHERE, settled)
    browser.post(mailed_link(browser, outbox))
    turn_on(browser)
    links_in_alerts = NotMe.objects.count()
    clock.advance(timedelta(days=31))
    kept = EmailCheck.objects.create(
        user=settled, session=settled.sessions.latest("pk"), auth_generation=0, next_url="/2fa/"
    )

    assert purge() == 2 + links_in_alerts + 1  # the change itself
    assert not NotMe.objects.exists()
    assert not MethodChange.objects.exists()
    assert not Enrolment.objects.exists()
    assert EmailCheck.objects.get() == kept
