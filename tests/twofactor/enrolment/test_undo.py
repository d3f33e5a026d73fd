"""/2fa/undo/<token>/: two-step verification that somebody else turned on."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.models import EmailChange, LoginAttempt, PasswordReset, Session
from audit.models import SecurityEvent
from lib import links
from lib.clock import now
from messaging.models import Message
from tests.accounts.mailbox import links_to, mails_to
from tests.bed.people import PASSWORD, code_app, give_password, sign_in
from tests.twofactor.enrolment.front_door import (
    CHECK,
    ELSEWHERE,
    HOME,
    OFFICE,
    UNDO,
    VERIFY,
    code_of,
    is_in,
    sign_in_with,
    signed_in_at,
    turn_on,
)
from twofactor.devices import actions
from twofactor.enrolment.models import Enrolment
from twofactor.models import BackupCodes

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from accounts.user.models import User
    from tests.bed.clock import TestClock

    Outbox = Callable[[], list[EmailMultiAlternatives]]

pytestmark = pytest.mark.django_db
RESET = "/password/reset/"
FRESH = "Nine-Herons-Wait-By-Ponds"


def undo_link(outbox: Outbox) -> str:
    return links_to(UNDO, outbox())[-1]


def enrolled(user: User, outbox: Outbox, ip: str = HOME) -> tuple[Client, str, str]:
    """A browser that turned it on, the app's secret and the link that undoes it."""
    browser = signed_in_at(ip, user)
    secret = turn_on(browser)
    return browser, secret, undo_link(outbox)


def devices_of(user: User) -> int:
    return sum(kind.objects.filter(user=user).count() for kind in actions.kinds())


# ── The stories ──
def test_a_thief_who_turns_it_on_is_put_out_by_its_owner(settled: User, outbox: Outbox, clock: TestClock) -> None:
    """The password is stolen; the thief waits until nothing is asked, turns 2FA on, and the owner stands outside."""
    signed_in_at(ELSEWHERE, settled)
    clock.advance(timedelta(days=1, minutes=1))
    thief = signed_in_at(ELSEWHERE, settled)
    secret = turn_on(thief, "Thief's phone")
    half = signed_in_at(ELSEWHERE, settled)
    owner = signed_in_at(HOME, settled)
    assert owner.get("/2fa/").status_code == 302

    link = undo_link(outbox)
    page = owner.get(link)
    answer = owner.post(link)

    assert "Turn it off, sign everyone out" in page.content.decode()
    assert (answer.status_code, answer["Location"]) == (302, "/password/forgot/sent/")
    assert not is_in(thief)
    assert half.post(VERIFY, {"code": code_of(secret)})["Location"] == "/login/"
    assert give_password(thief, settled).status_code == 422
    assert devices_of(settled) == 0

    owner.post(links_to(RESET, outbox())[-1], {"password": FRESH})
    assert give_password(thief, settled).status_code == 422
    assert give_password(owner, settled, FRESH)["Location"] == "/security/"
    assert is_in(owner)
    turn_on(owner)


def test_a_thief_in_a_new_place_does_not_get_so_far(settled: User, outbox: Outbox) -> None:
    """Not without the mailbox: he is asked, and the owner hears of it."""
    thief = signed_in_at(ELSEWHERE, settled)

    assert thief.post("/2fa/totp/add/", {"code": "123456"})["Location"].startswith(CHECK)
    thief.post(f"{CHECK}?next=/2fa/totp/add/")

    assert devices_of(settled) == 0
    assert "This wasn’t me, lock my account" in str(mails_to(settled.email, outbox())[-1].body)


def test_a_thief_of_the_mailbox_is_not_let_in_by_the_link(settled: User, outbox: Outbox, clock: TestClock) -> None:
    """The link signs nobody in. After a week it is over, and the second step stands against the mailbox too."""
    _owner, _secret, link = enrolled(settled, outbox)
    clock.advance(timedelta(days=7, seconds=1))
    thief = Client(REMOTE_ADDR=ELSEWHERE)

    assert (thief.get(link).status_code, thief.post(link).status_code) == (410, 410)
    thief.post("/password/forgot/", {"login": settled.email})
    thief.post(links_to(RESET, outbox())[-1], {"password": FRESH})

    assert give_password(thief, settled, FRESH)["Location"] == "/login/verify/"
    assert not is_in(thief)
    assert devices_of(settled) == 2


def test_the_link_signs_nobody_in(settled: User, outbox: Outbox) -> None:
    _owner, _secret, link = enrolled(settled, outbox)
    stranger = Client()

    stranger.post(link)

    assert not is_in(stranger)
    assert not Session.objects.live(now()).filter(user=settled).exists()


# ── What it does ──
def test_everything_that_came_since_goes(settled: User, outbox: Outbox, clock: TestClock) -> None:
    thief, secret, link = enrolled(settled, outbox)
    clock.advance(timedelta(seconds=60))
    turn_on(thief, "Second phone")
    pending = signed_in_at(ELSEWHERE, settled)
    generation = type(settled).objects.get(pk=settled.pk).auth_generation

    Client().post(link)

    settled.refresh_from_db()
    assert devices_of(settled) == 0
    assert not BackupCodes.objects.filter(user=settled).exists()
    assert settled.protection == 0
    assert settled.auth_generation == generation + 1
    assert not settled.has_usable_password()
    assert not is_in(thief)
    assert pending.post(VERIFY, {"code": code_of(secret)})["Location"] == "/login/"
    assert not LoginAttempt.objects.pending().filter(user=settled).exists()


def test_it_is_recorded_and_told(settled: User, outbox: Outbox) -> None:
    _browser, _secret, link = enrolled(settled, outbox)
    before = len(mails_to(settled.email, outbox()))

    Client().post(link)

    subjects = sorted(mail.subject for mail in mails_to(settled.email, outbox())[before:])
    assert len(subjects) == 2
    assert subjects[1] == "Two-step verification was turned off again by the link in our mail"
    assert SecurityEvent.objects.filter(user=settled, slug="method.first_undone").count() == 1
    assert PasswordReset.objects.open().filter(user=settled).count() == 1


def test_the_mail_of_the_first_method_is_sent_once_and_has_the_link(settled: User, outbox: Outbox) -> None:
    browser, _secret, _link = enrolled(settled, outbox)

    [mail] = [mail for mail in outbox() if mail.subject == "Two-step verification was turned on"]

    assert mail.to == [settled.email]
    assert "Phone" in str(mail.body)
    assert UNDO in str(mail.alternatives[0][0])
    assert not Message.objects.filter(kind="security_event", user=settled).exists()
    assert browser.get("/2fa/").status_code == 200


def test_later_methods_are_told_without_it(settled: User, outbox: Outbox, clock: TestClock) -> None:
    browser, _secret, _link = enrolled(settled, outbox)
    clock.advance(timedelta(seconds=60))

    turn_on(browser, "Tablet")

    assert len(links_to(UNDO, outbox())) == 1
    assert SecurityEvent.objects.filter(user=settled, slug="method.added").count() == 1


def test_the_outbox_holds_no_link(settled: User, outbox: Outbox) -> None:
    _browser, _secret, link = enrolled(settled, outbox)
    token = link.removeprefix(UNDO).strip("/")

    [message] = Message.objects.filter(kind="first_method")

    assert set(message.details) == {"enrolment", "event"}
    assert token not in str(message.details)


def test_looking_changes_nothing(settled: User, outbox: Outbox) -> None:
    browser, _secret, link = enrolled(settled, outbox)

    for _ in range(10):
        assert Client().get(link).status_code == 200
        assert Client().head(link).status_code == 200

    assert is_in(browser)
    assert devices_of(settled) == 2
    assert Client().post(link).status_code == 302


# ── When it is over ──
def test_it_works_once(settled: User, outbox: Outbox) -> None:
    _browser, _secret, link = enrolled(settled, outbox)

    assert [Client().post(link).status_code for _ in range(2)] == [302, 410]
    assert Client().get(link).status_code == 410


def test_a_used_link_does_not_undo_the_next_first_method(settled: User, outbox: Outbox) -> None:
    _browser, _secret, link = enrolled(settled, outbox)
    owner = Client(REMOTE_ADDR=HOME)
    owner.post(link)
    owner.post(links_to(RESET, outbox())[-1], {"password": FRESH})
    give_password(owner, settled, FRESH)
    turn_on(owner)

    assert Client().post(link).status_code == 410
    assert is_in(owner)


def test_it_works_for_seven_days(settled: User, outbox: Outbox, clock: TestClock) -> None:
    _browser, _secret, link = enrolled(settled, outbox)

    clock.advance(timedelta(days=7) - timedelta(minutes=1))

    assert Client().post(link).status_code == 302


def test_turning_it_off_and_on_does_not_rid_a_thief_of_it(settled: User, outbox: Outbox, clock: TestClock) -> None:
    thief, _secret, first_link = enrolled(settled, outbox)
    thief.post("/2fa/disable/", {"password": PASSWORD})
    assert Client().post(first_link).status_code == 410  # it is off: there is nothing to turn off
    clock.advance(timedelta(seconds=60))
    turn_on(thief)

    assert Client().post(first_link).status_code == 302
    assert devices_of(settled) == 0
    assert Client().post(undo_link(outbox)).status_code == 410


def test_a_sign_in_with_it_from_another_own_place_ends_it(settled: User, outbox: Outbox, clock: TestClock) -> None:
    signed_in_at(OFFICE, settled)
    clock.advance(timedelta(days=8))
    _browser, secret, link = enrolled(settled, outbox)
    clock.advance(timedelta(minutes=5))

    assert sign_in_with(secret, OFFICE, settled).status_code == 302

    assert Client().post(link).status_code == 410
    assert devices_of(settled) == 2


@pytest.mark.parametrize("ip", [HOME, ELSEWHERE], ids=["same place", "strange place"])
def test_a_sign_in_from_no_other_own_place_does_not(ip: str, settled: User, outbox: Outbox, clock: TestClock) -> None:
    _browser, secret, link = enrolled(settled, outbox)
    clock.advance(timedelta(minutes=5))

    assert sign_in_with(secret, ip, settled).status_code == 302

    assert Client().post(link).status_code == 302


def test_a_thief_with_two_networks_does_not_end_it(settled: User, outbox: Outbox, clock: TestClock) -> None:
    """Both are known by then, but not for long."""
    signed_in_at(OFFICE, settled)
    signed_in_at(ELSEWHERE, settled)
    clock.advance(timedelta(days=2))
    _thief, secret, link = enrolled(settled, outbox, ip=ELSEWHERE)
    clock.advance(timedelta(minutes=5))
    assert sign_in_with(secret, OFFICE, settled).status_code == 302

    assert Client().post(link).status_code == 302


def test_a_password_alone_from_another_own_place_does_not_end_it(
    settled: User, outbox: Outbox, clock: TestClock
) -> None:
    signed_in_at(OFFICE, settled)
    clock.advance(timedelta(days=8))
    _thief, _secret, link = enrolled(settled, outbox)
    signed_in_at(OFFICE, settled)

    assert Client().post(link).status_code == 302


def test_a_closed_account_is_not_touched(settled: User, outbox: Outbox) -> None:
    _browser, _secret, link = enrolled(settled, outbox)
    settled.is_active = False
    settled.save(update_fields=["is_active"])

    assert Client().post(link).status_code == 410


def test_an_account_that_had_methods_before_has_no_link(alice: User, outbox: Outbox, clock: TestClock) -> None:
    code_app(alice)
    browser = Client()
    sign_in(browser, alice)
    clock.advance(timedelta(seconds=60))

    turn_on(browser, "Tablet")

    assert links_to(UNDO, outbox()) == []
    assert not Enrolment.objects.exists()


# ── Forgery ──
@pytest.mark.parametrize("token", ["1-abc", "abc", "-", "0-" + "0" * 64, "9" * 30 + "-a", "1-" + "é" * 64])
def test_a_forged_link_is_over(token: str, settled: User, outbox: Outbox) -> None:
    enrolled(settled, outbox)

    assert Client().post(f"{UNDO}{token}/").status_code == 410
    assert devices_of(settled) == 2


def test_a_link_names_one_enrolment(settled: User, bob: User, outbox: Outbox) -> None:
    _browser, _secret, link = enrolled(settled, outbox)
    enrolled(bob, outbox)
    bobs = Enrolment.objects.get(user=bob).pk
    _own, _hyphen, made = link.removeprefix(UNDO).strip("/").partition("-")

    assert Client().post(f"{UNDO}{bobs}-{made}/").status_code == 410
    assert devices_of(bob) == 2


@pytest.mark.parametrize("purpose", ["enrolment_check", "password_reset", "email_stop"])
def test_a_link_of_another_purpose_does_not_count(purpose: str, settled: User, outbox: Outbox) -> None:
    enrolled(settled, outbox)
    pk = Enrolment.objects.get(user=settled).pk

    assert Client().post(f"{UNDO}{links.token_for(purpose, pk)}/").status_code == 410


def test_a_forged_form_is_refused(settled: User, outbox: Outbox) -> None:
    _browser, _secret, link = enrolled(settled, outbox)

    assert Client(enforce_csrf_checks=True).post(link).status_code == 403


# ── With a change of the address ──
def test_a_thief_who_changed_the_address_first_is_put_out_too(settled: User, outbox: Outbox) -> None:
    """Both links reach the old mailbox, and together they give everything back, in either order."""
    old = settled.email
    thief = signed_in_at(HOME, settled)
    thief.post("/email/", {"email": "thief@evil.example"})
    thief.post(links_to("/email/verify/", outbox())[-1])
    turn_on(thief)
    at_old = mails_to(old, outbox())

    owner = Client(REMOTE_ADDR=HOME)
    owner.post(links_to("/email/stop/", at_old)[-1])
    owner.post(links_to(UNDO, at_old)[-1])

    settled.refresh_from_db()
    assert settled.email == old
    assert devices_of(settled) == 0
    owner.post(links_to(RESET, mails_to(old, outbox()))[-1], {"password": FRESH})
    give_password(owner, settled, FRESH)
    assert is_in(owner)
    assert EmailChange.objects.get().state == EmailChange.State.UNDONE


def test_the_link_in_a_thiefs_mailbox_ends_when_the_owner_has_the_address_back(
    settled: User, outbox: Outbox, clock: TestClock
) -> None:
    """Else it would turn off for days what the owner has set up again meanwhile."""
    old, evil = settled.email, "thief@evil.example"
    thief = signed_in_at(HOME, settled)
    thief.post("/email/", {"email": evil})
    thief.post(links_to("/email/verify/", outbox())[-1])
    turn_on(thief)
    own, stolen = (links_to(UNDO, mails_to(address, outbox()))[-1] for address in (old, evil))
    assert Client().get(stolen).status_code == 200

    Client().post(links_to("/email/stop/", mails_to(old, outbox()))[-1])
    clock.advance(timedelta(minutes=5))

    assert Client().get(stolen).status_code == 410
    assert Client().post(stolen).status_code == 410
    assert devices_of(settled) == 2
    assert Client().post(own).status_code == 302
    assert devices_of(settled) == 0
