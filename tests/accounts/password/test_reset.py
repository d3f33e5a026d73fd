"""A new password by mail (PW-02, 2F-10, AC-05, AI-03, ASVS 6.4.3)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.password.models import PasswordReset
from accounts.sessions.models import Session
from accounts.user.models import User
from audit.models import SecurityEvent
from lib import links
from messaging.models import Message
from tests.accounts.browsers import ELSEWHERE, HOME, browser_at, guess, is_in, key_of
from tests.bed.people import PASSWORD, code_app, give_password, sign_in, totp_code
from tests.bed.race import race

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from django.http import HttpResponse
    from pytest_django.fixtures import SettingsWrapper

    from tests.bed.clock import TestClock

    Outbox = Callable[[], list[EmailMultiAlternatives]]

NEW = "Seven-Green-Bottles-Hang-Low-3"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"')


def ask(login: str, **headers: str) -> HttpResponse:
    return Client(REMOTE_ADDR=ELSEWHERE).post("/password/forgot/", {"login": login}, **headers)


def link_to(user: User) -> str:
    """Ask for a link; returns its path, as the mail has it."""
    ask(user.email)
    reset = PasswordReset.objects.filter(user=user).latest("pk")
    return f"/password/reset/{links.token_for('password_reset', reset.pk)}/"


def choose(path: str, password: str = NEW, client: Client | None = None) -> HttpResponse:
    return (client or Client()).post(path, {"password": password})


def shown(answer: HttpResponse) -> tuple[object, ...]:
    headers = {
        name: value for name, value in answer.headers.items() if name not in {"Date", "Set-Cookie", "X-Request-ID"}
    }
    return answer.status_code, TOKEN.sub("", answer.content.decode()), headers, sorted(answer.cookies)


# ── Asking ──
@pytest.mark.django_db
def test_the_pages_show() -> None:
    assert Client().get("/password/forgot/").status_code == 200
    assert Client().get("/password/forgot/sent/").status_code == 200
    assert Client().post("/password/forgot/", {"login": ""}).status_code == 422


def test_a_link_comes_by_mail_and_works(alice: User, outbox: Outbox) -> None:
    ask(alice.email)

    mail = outbox()[-1]
    found = re.search(r"http://localhost:8000(/password/reset/\S+/)", str(mail.body))
    assert mail.to == [alice.email]
    assert found is not None
    assert choose(found[1]).headers["Location"] == "/login/"
    assert guess(Client(), alice, NEW).status_code == 302


@pytest.mark.parametrize(
    "spelling", [lambda u: u.login_id, lambda u: u.login_id.lower(), lambda u: f" {u.email.upper()} "]
)
def test_the_login_id_is_as_good_as_the_address(alice: User, outbox: Outbox, spelling: Callable[[User], str]) -> None:
    ask(spelling(alice))

    assert [mail.to for mail in outbox()] == [[alice.email]]


def test_the_answer_is_the_same_for_everybody_and_nobody(alice: User, bob: User, charlie: User, outbox: Outbox) -> None:
    code_app(bob)
    charlie.is_active = False
    charlie.save()

    answers = [shown(ask(login)) for login in (alice.email, bob.email, charlie.email, "no@one.example", "AB00000")]

    assert answers[0][0] == 302
    assert all(answer == answers[0] for answer in answers)
    assert sorted(address for mail in outbox() for address in mail.to) == [alice.email, bob.email]


def test_the_limit_is_the_same_for_everybody_and_nobody(alice: User, clock: TestClock) -> None:
    clock.stop()

    known = [shown(ask(alice.email)) for _ in range(7)]
    unknown = [shown(ask("no@one.example")) for _ in range(7)]

    assert [answer[0] for answer in known] == [302] * 5 + [429] * 2
    assert known == unknown


def test_the_limit_counts_every_spelling_of_a_login_id(alice: User, outbox: Outbox) -> None:
    User.objects.filter(pk=alice.pk).update(login_id="SA12345")

    statuses = [ask(login).status_code for login in ["SA12345", "sa12345", " Sa12345 "] * 2]
    ask("\u017fA12345")

    assert statuses == [302] * 5 + [429]
    assert len(outbox()) == 5


def test_one_network_cannot_fill_everybodys_mailbox(django_user_model: type[User], outbox: Outbox) -> None:
    for number in range(70):
        django_user_model.objects.create_user(email=f"p{number}@alpina.example", name="P", country="CH")

    statuses = [ask(f"p{number}@alpina.example").status_code for number in range(70)]

    assert statuses.count(429) == 10
    assert len(outbox()) == 60


@pytest.mark.parametrize(
    "headers",
    [
        {"HTTP_X_FORWARDED_HOST": "evil.example"},
        {
            "HTTP_X_FORWARDED_SERVER": "evil.example",
            "HTTP_FORWARDED": "host=evil.example",
            "HTTP_X_HOST": "evil.example",
        },
        {"HTTP_HOST": "localhost:1"},
        {"HTTP_HOST": "127.0.0.1", "HTTP_X_FORWARDED_PROTO": "https", "HTTP_X_FORWARDED_PREFIX": "/evil"},
    ],
)
def test_the_link_comes_from_our_setting_whatever_the_request_says(
    alice: User, outbox: Outbox, settings: SettingsWrapper, headers: dict[str, str]
) -> None:
    settings.SITE_URL = "https://portal.example"

    ask(alice.email, **headers)

    addresses = re.findall(r"https?://[^/\s\"<]+", str(outbox()[-1].body) + str(outbox()[-1].alternatives))
    assert addresses
    assert set(addresses) == {"https://portal.example"}


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "localhost@evil.example", "localhost:x", ""]
)
def test_another_host_sends_nothing(alice: User, outbox: Outbox, host: str) -> None:
    answer = ask(alice.email, HTTP_HOST=host)

    assert answer.status_code == 400
    assert outbox() == []


def test_no_table_holds_the_link(alice: User, outbox: Outbox) -> None:
    token = link_to(alice).split("/")[3]
    outbox()

    rows = [str(vars(row)) for model in (PasswordReset, Message, SecurityEvent) for row in model.objects.all()]
    assert rows
    assert not any(token in row or token.partition("-")[2] in row for row in rows)


# ── Choosing ──
def test_it_signs_nobody_in_and_ends_every_session(alice: User, alices: Client) -> None:
    client = Client()

    choose(link_to(alice), client=client)

    assert key_of(client) == ""
    assert not is_in(client)
    assert not is_in(alices)
    assert not Session.objects.filter(ended_at=None).exists()


def test_it_works_in_the_browser_that_is_still_signed_in(alice: User, alices: Client) -> None:
    answer = choose(link_to(alice), client=alices)

    assert answer.status_code == 302
    assert not is_in(alices)


def test_the_second_step_is_asked_as_ever(alice: User) -> None:
    device = code_app(alice)
    choose(link_to(alice))
    client = Client()

    answer = give_password(client, alice, NEW)

    assert answer.headers["Location"] == "/login/verify/"
    assert not is_in(client)
    client.post("/login/verify/totp/", {"code": totp_code(device)})
    assert is_in(client)


def test_a_sign_in_that_waits_for_its_second_step_dies(alice: User) -> None:
    device = code_app(alice)
    waiting = Client()
    give_password(waiting, alice)

    choose(link_to(alice))
    waiting.post("/login/verify/totp/", {"code": totp_code(device)})

    assert not is_in(waiting)


def test_it_is_recorded_and_its_owner_told(alice: User, outbox: Outbox) -> None:
    choose(link_to(alice))

    slugs = SecurityEvent.objects.order_by("pk").values_list("slug", flat=True)
    assert list(slugs) == ["password.reset_asked", "password.reset"]
    assert [mail.to for mail in outbox()] == [[alice.email]] * 2
    assert all(NEW not in str(mail.body) for mail in outbox())


def test_a_bad_password_is_refused_and_the_link_stays_good(alice: User) -> None:
    path = link_to(alice)

    statuses = [choose(path, password).status_code for password in ("", "short", alice.email, "x" * 1025)]

    assert statuses == [422] * 4
    assert choose(path).status_code == 302


# ── Once, for an hour, until something changes ──
def test_a_link_is_good_once(alice: User) -> None:
    path = link_to(alice)
    choose(path)

    again = choose(path, "Another-Five-Words-Follow-9")

    assert again.status_code == 410
    assert Client().get(path).status_code == 410
    assert guess(Client(), alice, NEW).status_code == 302


@pytest.mark.parametrize(("later", "status"), [(timedelta(minutes=59), 302), (timedelta(minutes=60, seconds=1), 410)])
def test_a_link_is_good_for_an_hour(alice: User, clock: TestClock, later: timedelta, status: int) -> None:
    path = link_to(alice)
    clock.advance(later)

    assert choose(path).status_code == status


def test_a_used_link_kills_the_others(alice: User) -> None:
    first, second = link_to(alice), link_to(alice)
    choose(second)

    assert choose(first, "Another-Five-Words-Follow-9").status_code == 410


def test_a_changed_password_kills_every_link(alice: User, alices: Client) -> None:
    path = link_to(alice)
    alices.post("/password/", {"current_password": PASSWORD, "password": NEW})

    assert choose(path, "Another-Five-Words-Follow-9").status_code == 410


def test_a_disabled_account_has_no_good_link(alice: User) -> None:
    path = link_to(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)

    assert choose(path).status_code == 410


def test_a_link_opens_its_own_account_only(alice: User, bob: User) -> None:
    mine, theirs = link_to(alice), link_to(bob)
    forged = theirs.split("-")[0] + "-" + mine.partition("-")[2]

    assert choose(forged).status_code == 410


@pytest.mark.django_db
@pytest.mark.parametrize("token", ["x", "1", "1-", "1-0", "0-" + "0" * 64, "-1-x", "9" * 30, "1-%00", "é"])
def test_an_invented_link_is_over(token: str) -> None:
    assert Client().get(f"/password/reset/{token}/").status_code == 410


@pytest.mark.parametrize("method", ["get", "head"])
def test_whoever_only_looks_uses_nothing_up(alice: User, method: str) -> None:
    path = link_to(alice)
    before = list(PasswordReset.objects.values())

    answers = [getattr(Client(), method)(path).status_code for _ in range(10)]

    assert answers == [200] * 10
    assert list(PasswordReset.objects.values()) == before
    assert choose(path).status_code == 302


@pytest.mark.django_db(transaction=True)
def test_of_many_at_the_same_instant_one_is_let_in(alice: User) -> None:
    path = link_to(alice)

    statuses = race(16, lambda number: choose(path, f"{NEW}-{number}").status_code)

    assert sorted(statuses) == [302] + [410] * 15
    assert User.objects.get().check_password(f"{NEW}-{statuses.index(302)}")


@pytest.mark.django_db(transaction=True)
def test_of_many_links_at_the_same_instant_one_is_let_in(alice: User) -> None:
    paths = [link_to(alice) for _ in range(5)]

    statuses = race(5, lambda number: choose(paths[number], f"{NEW}-{number}").status_code)

    assert sorted(statuses) == [302] + [410] * 4
    assert User.objects.get().check_password(f"{NEW}-{statuses.index(302)}")


# ── Out of a wait ──
@pytest.mark.parametrize("known", [False, True], ids=["from anywhere", "from home"])
def test_a_new_password_is_accepted_at_once_although_the_old_one_was_guessed_at(alice: User, *, known: bool) -> None:
    """The page that refuses says "or reset your password"."""
    ip = HOME if known else ELSEWHERE
    if known:
        sign_in(browser_at(HOME), alice)
    for _ in range(7):
        guess(browser_at(ip), alice)

    choose(link_to(alice))

    assert guess(browser_at(ip), alice, NEW).status_code == 302


def test_a_new_password_opens_an_account_that_guesses_had_closed_for_good(alice: User, clock: TestClock) -> None:
    for _ in range(110):
        guess(browser_at(ELSEWHERE), alice)
        clock.advance(timedelta(hours=1))

    choose(link_to(alice))

    assert guess(browser_at(ELSEWHERE), alice, NEW).status_code == 302
