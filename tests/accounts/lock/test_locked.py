"""A locked account lets nobody in, by any door, until the mailbox and a second factor were both shown."""

from __future__ import annotations

import ast
import inspect
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client

from accounts.lock import gate
from accounts.login import actions as login
from accounts.sessions.models import Session
from audit.models import SecurityEvent
from lib.models import Counter
from messaging.models import Message
from tests.accounts.browsers import HOME, browser_at, guess, is_in, key_of
from tests.accounts.lock.locking import NEW, is_locked, lock, reset_link, set_password
from tests.accounts.mailbox import link_in
from tests.bed.people import PASSWORD, code_app, give_password, sign_in, totp_code
from tests.bed.race import race, rounds, threads
from tests.twofactor.answers import with_backup_codes

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from accounts.user.models import User
    from tests.bed.clock import TestClock

    Outbox = Callable[[], list[EmailMultiAlternatives]]

pytestmark = pytest.mark.django_db
VERIFY = "/login/verify/totp/"


def slugs(user: User) -> list[str]:
    return list(SecurityEvent.objects.filter(user=user).order_by("seq").values_list("slug", flat=True))


# ── The doors ──
def test_the_right_password_is_told_and_opens_nothing(alice: User) -> None:
    lock(alice)
    browser = Client()

    answer = give_password(browser, alice)

    assert answer.status_code == 403
    assert "Your account is locked" in answer.content.decode()
    assert not is_in(browser)
    assert slugs(alice)[-1] == "sign_in.locked"


def test_a_wrong_password_is_answered_as_for_anybody(alice: User, bob: User) -> None:
    lock(alice)

    locked, other = guess(Client(), alice), guess(Client(), bob)

    assert locked.status_code == other.status_code == 422
    assert b"locked" not in locked.content


def test_the_right_password_asks_for_no_second_step(alice: User) -> None:
    code_app(alice)
    lock(alice)
    browser = Client()

    give_password(browser, alice)

    assert browser.get("/login/verify/")["Location"] == "/login/"
    assert not alice.login_attempts.exists()


def test_a_pending_sign_in_dies_with_its_right_code(alice: User) -> None:
    device, browser = code_app(alice), Client()
    give_password(browser, alice)
    lock(alice)

    answer = browser.post(VERIFY, {"code": totp_code(device)})

    assert answer["Location"] == "/login/"
    assert not is_in(browser)


def test_every_session_ends_and_says_why(alice: User) -> None:
    browsers = [Client(), Client()]
    for browser in browsers:
        sign_in(browser, alice)
    assert all(is_in(browser) for browser in browsers)

    lock(alice)

    assert not any(is_in(browser) for browser in browsers)
    assert set(Session.objects.filter(user=alice).values_list("ended_by", flat=True)) == {"locked"}


def test_a_reset_link_from_before_dies(alice: User) -> None:
    Client().post("/password/forgot/", {"login": alice.email})
    before = reset_link(alice)

    lock(alice)

    assert Client().post(before, {"password": NEW}).status_code == 410


def test_a_change_of_the_email_that_was_pending_cannot_be_confirmed(alice: User, alices: Client) -> None:
    alices.post("/email/", {"email": "thief@elsewhere.example"})

    lock(alice)

    assert not alice.email_changes.open().exists()


def test_a_lock_in_the_middle_of_a_sign_in_wins(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the right password and the session: the session that is written then is nobody's."""
    genuine = login._begin  # noqa: SLF001 - the moment to lock at

    def late(*args: object) -> str:
        lock(alice)
        return genuine(*args)

    monkeypatch.setattr(login, "_begin", late)
    browser = Client()

    give_password(browser, alice)

    assert not is_in(browser)


# ── The way out ──
def test_a_mail_with_the_way_out_leaves_at_once(alice: User, outbox: Outbox) -> None:
    lock(alice)

    (mail,) = outbox()

    assert mail.to == [alice.email]
    assert mail.subject == "Your account is locked: set a new password"
    assert "nobody gets in" in str(mail.body)
    assert reset_link(alice) in str(mail.body)


def test_a_reset_that_somebody_asks_for_later_says_it_too(alice: User, outbox: Outbox) -> None:
    lock(alice)
    outbox().clear()

    Client().post("/password/forgot/", {"login": alice.email})

    assert "locked" in outbox()[-1].subject


def test_with_a_code_app_it_takes_the_mail_and_a_code(alice: User, clock: TestClock) -> None:
    device, browser = code_app(alice), Client()
    lock(alice)

    answer = set_password(alice, browser=browser)
    still_locked = is_locked(alice)
    clock.advance(timedelta(seconds=30))
    browser.post(VERIFY, {"code": totp_code(device)})

    assert answer["Location"] == "/login/verify/"
    assert still_locked
    assert not is_locked(alice)
    assert is_in(browser)
    assert slugs(alice)[-2:] == ["account.unlocked", "signed_in"]


def test_a_backup_code_is_a_factor_too(alice: User) -> None:
    answers, browser = with_backup_codes(alice), Client()
    lock(alice)

    set_password(alice, browser=browser)
    browser.post("/login/verify/backup-codes/", answers.right(browser))

    assert is_in(browser)
    assert not is_locked(alice)


def test_the_mail_alone_leads_nowhere_for_somebody_with_a_second_step(alice: User) -> None:
    code_app(alice)
    lock(alice)
    browser = Client()

    set_password(alice, browser=browser)
    browser.post(VERIFY, {"code": "000000"})

    assert not is_in(browser)
    assert is_locked(alice)


def test_the_new_password_in_another_browser_leads_to_the_second_step(alice: User) -> None:
    device, browser = code_app(alice), Client()
    lock(alice)
    set_password(alice)

    give_password(browser, alice, NEW)
    browser.post(VERIFY, {"code": totp_code(device)})

    assert is_in(browser)


def test_without_a_second_step_the_new_password_is_enough_but_signs_nobody_in(alice: User) -> None:
    lock(alice)
    browser = Client()

    answer = set_password(alice, browser=browser)

    assert answer["Location"].startswith("/login/")
    assert not is_in(browser)
    assert not is_locked(alice)
    give_password(browser, alice, NEW)
    assert is_in(browser)


def test_the_old_password_is_no_new_one(alice: User) -> None:
    lock(alice)

    answer = set_password(alice, PASSWORD)

    assert answer.status_code == 422
    assert "That is your old password" in answer.content.decode()
    assert is_locked(alice)


def test_the_form_of_a_link_is_no_place_to_guess_the_old_password(alice: User) -> None:
    lock(alice)

    answers = [set_password(alice, "short").status_code for _ in range(21)]

    assert answers[-1] == 429


def test_locking_again_half_way_out_starts_anew(alice: User) -> None:
    device = code_app(alice)
    lock(alice)
    set_password(alice)

    assert lock(alice)

    assert give_password(Client(), alice, NEW).status_code == 403
    browser = Client()
    set_password(alice, "Eight-Green-Bottles-Hang-Low-3", browser)
    browser.post(VERIFY, {"code": totp_code(device)})
    assert is_in(browser)


def test_locking_twice_is_locking_once(alice: User) -> None:
    assert lock(alice)
    assert not lock(alice)

    assert slugs(alice).count("account.locked") == 1
    assert Message.objects.filter(user=alice).count() == 1


def test_a_clock_that_was_set_back_opens_nothing(alice: User, clock: TestClock) -> None:
    code_app(alice)
    lock(alice)

    clock.advance(timedelta(days=-400))

    assert is_locked(alice)
    assert give_password(Client(), alice).status_code == 403


# ── What is told of the way out ──
def lock_and_read(user: User, outbox: Outbox) -> Callable[[], list[EmailMultiAlternatives]]:
    """Returns what gives every mail after the one with the way out."""
    lock(user)
    before = len(outbox())
    return lambda: outbox()[before:]


@pytest.mark.parametrize("has_app", [True, False])
def test_the_way_back_is_told_in_one_mail(has_app: bool, alice: User, outbox: Outbox, clock: TestClock) -> None:
    """Three alarms within a minute, and a fourth about a new place, would look like the next attack."""
    device = code_app(alice) if has_app else None
    sign_in(Client(), alice)
    told = lock_and_read(alice, outbox)
    browser = browser_at(HOME, HTTP_USER_AGENT="Firefox/128.0")

    address = set_password(alice, browser=browser)["Location"]
    clock.advance(timedelta(seconds=30))
    if device is not None:
        browser.post(VERIFY, {"code": totp_code(device)})
    else:
        browser.post(address, {"login": alice.email, "password": NEW})
    browser.post("/secure/others/")
    [mail] = told()
    was_in = is_in(browser)
    clock.advance(timedelta(hours=2))

    assert was_in
    assert told() == [mail]
    assert mail.subject == "You’re back in"
    body = str(mail.body)
    assert body.index("Your password was reset:") < body.index("Your account was unlocked:")
    assert body.count("Browser: Firefox") == 2
    assert link_in(mail, "/not-me/")
    assert slugs(alice)[-1] == "sessions.others_ended"


def test_a_new_password_that_nothing_follows_is_told_all_the_same(
    alice: User, outbox: Outbox, clock: TestClock
) -> None:
    """Whoever reads the mailbox but has no second step."""
    code_app(alice)
    told = lock_and_read(alice, outbox)
    set_password(alice)
    at_once = told()

    clock.advance(timedelta(minutes=11))

    [mail] = told()
    assert at_once == []
    assert mail.subject == "Your password was reset"
    assert link_in(mail, "/not-me/")


def test_whoever_signs_others_out_from_elsewhere_is_told_of(alice: User, outbox: Outbox) -> None:
    sign_in(Client(), alice)
    told = lock_and_read(alice, outbox)
    set_password(alice, browser=browser_at(HOME))
    thief = browser_at("203.0.113.99", HTTP_USER_AGENT="curl/8")
    sign_in(thief, alice, NEW)

    thief.post("/secure/others/")

    assert [mail.subject for mail in told()] == [
        "You’re back in",
        "New sign-in to your account",
        "Every other browser was signed out",
    ]


def test_an_hour_later_signing_others_out_is_news_again(alice: User, outbox: Outbox, clock: TestClock) -> None:
    browser, told = browser_at(HOME), lock_and_read(alice, outbox)
    set_password(alice, browser=browser)
    clock.advance(timedelta(minutes=61))
    sign_in(browser, alice, NEW)

    browser.post("/secure/others/")

    assert told()[-1].subject == "Every other browser was signed out"


# ── No other door ──
def test_a_factor_alone_is_refused_at_the_end_of_any_way_in(alice: User) -> None:
    """What a passkey without a password would do."""
    device = code_app(alice)
    lock(alice)
    alice.refresh_from_db()

    with pytest.raises(gate.AccountLocked):
        gate.pass_through(alice, login_origin(), device=device)


def test_a_sign_in_without_a_factor_is_refused_half_way_out(alice: User) -> None:
    """What a remembered browser would do."""
    code_app(alice)
    lock(alice)
    set_password(alice)
    alice.refresh_from_db()

    with pytest.raises(gate.AccountLocked):
        gate.pass_through(alice, login_origin(), device=None)


def login_origin() -> object:
    return browser_at(HOME).get("/login/").wsgi_request.origin


def test_sessions_are_given_in_one_place_and_it_asks_the_gate_first() -> None:
    """Any new way in must end there: nothing else makes a session somebody's."""
    root = Path(settings.BASE_DIR)
    apps = ("accounts", "audit", "config", "identity_check", "lib", "messaging", "organizations", "twofactor")
    files = [file for app in apps for file in (root / app).rglob("*.py")]
    giving = {
        (file.relative_to(root).as_posix(), function.name)
        for file in files
        for function in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(function, ast.FunctionDef)
        for called in calls_in(function)
        if called in {"auth.login", "request.session.sign_in", "session.sign_in"}
    }

    order = calls_in(ast.parse(inspect.getsource(login._sign_in)))  # noqa: SLF001 - the one place

    assert giving == {("accounts/login/actions.py", "_sign_in")}
    assert order[0] == "gate.pass_through"
    assert {"auth.login", "request.session.sign_in"} <= set(order)


def calls_in(tree: ast.AST) -> list[str]:
    """The dotted names of what is called, in the order of the source."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [ast.unparse(call.func) for call in sorted(calls, key=lambda call: (call.lineno, call.col_offset))]


# ── At the same instant ──
@pytest.mark.django_db(transaction=True)
def test_of_many_locks_one_counts(alice: User) -> None:
    for number in range(1, rounds(10) + 1):
        locked = race(threads(32), lambda _n: lock(alice))

        assert locked.count(True) == 1
        assert slugs(alice).count("account.locked") == number
        assert Message.objects.filter(user=alice, kind="password_reset").count() == number
        set_password(alice, f"{NEW}-{number}")


@pytest.mark.django_db(transaction=True)
def test_whoever_gives_the_password_at_that_instant_is_out(alice: User) -> None:
    for number in range(rounds(10)):
        password, browsers = new_round(alice, number)

        race(8, lambda n: lock(alice) if n == 0 else give_password(browsers[n], alice, password))  # noqa: B023

        assert is_locked(alice)
        assert not any(is_in(browser) for browser in browsers if key_of(browser))


@pytest.mark.django_db(transaction=True)
def test_whoever_gives_the_code_at_that_instant_is_out(alice: User, clock: TestClock) -> None:
    device = code_app(alice)
    for number in range(rounds(10)):
        password, browsers = new_round(alice, number)
        clock.advance(timedelta(seconds=60))
        for browser in browsers:
            give_password(browser, alice, password)
        code = {"code": totp_code(device)}

        race(8, lambda n: lock(alice) if n == 0 else browsers[n].post(VERIFY, code))  # noqa: B023

        assert is_locked(alice)
        assert not any(is_in(browser) for browser in browsers if key_of(browser))


def new_round(user: User, number: int) -> tuple[str, list[Client]]:
    """The account open again, with another password and no try counted; eight browsers."""
    password = f"{NEW}-{number}"
    Counter.objects.all().delete()
    user.refresh_from_db()
    user.set_password(password)
    user.locked_at = user.mailbox_shown_at = None
    user.save()
    return password, [Client() for _ in range(8)]
