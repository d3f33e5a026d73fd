"""Signing up by way of the mailbox (PW-02, AC-05, AI-03)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.signup import views
from accounts.signup.actions import invite
from accounts.signup.models import Invitation, SignUp
from accounts.user.models import User
from audit.models import SecurityEvent
from lib import links
from messaging.models import Message
from tests.accounts.browsers import ELSEWHERE, guess, is_in, key_of
from tests.bed.people import PASSWORD, code_app
from tests.bed.race import race

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from django.http import HttpResponse
    from pytest_django.fixtures import SettingsWrapper

    from tests.bed.clock import TestClock

    Outbox = Callable[[], list[EmailMultiAlternatives]]

FREE = "dora1@alpina.example"  # as long as alice@…: pages that repeat it are as long
DORA = {"email": FREE, "name": "Dora Keller", "password": "Seven-Green-Bottles-Hang-Low-3", "country": "CH"}
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="[^"]+"')

pytestmark = pytest.mark.django_db


def sign_up(query: str = "", headers: dict[str, str] | None = None, **fields: str) -> HttpResponse:
    client = Client(REMOTE_ADDR=ELSEWHERE)
    return client.post(f"/signup/{query}", DORA | fields, **(headers or {}))


def link(email: str = FREE) -> str:
    """Sign up; returns the path in the mail."""
    sign_up(email=email)
    return path_of(SignUp.objects.latest("pk"))


def path_of(pending: SignUp) -> str:
    return f"/signup/verify/{links.token_for('sign_up', pending.pk)}/"


def confirm(path: str, client: Client | None = None) -> HttpResponse:
    """Confirm the address on another device, which asks for the password that was chosen."""
    return (client or Client()).post(path, {"password": DORA["password"]})


def shown(answer: HttpResponse) -> tuple[object, ...]:
    headers = {
        name: value for name, value in answer.headers.items() if name not in {"Date", "Set-Cookie", "X-Request-ID"}
    }
    return answer.status_code, TOKEN.sub("", answer.content.decode()), headers, sorted(answer.cookies)


# ── From form to account ──
def test_the_pages_show() -> None:
    assert Client().get("/signup/").status_code == 200
    assert Client().get("/signup/sent/").status_code == 200


def test_the_link_in_the_mail_opens_an_account(outbox: Outbox) -> None:
    answer = sign_up()
    mail = outbox()[-1]
    found = re.search(r"http://localhost:8000(/signup/verify/\S+/)", str(mail.body))
    assert (answer.headers["Location"], mail.to) == ("/signup/sent/", [FREE])
    assert not User.objects.exists()
    assert found is not None

    opened = confirm(found[1])

    user = User.objects.get()
    assert opened.headers["Location"] == "/login/"
    assert (user.email, user.name, user.country, user.is_support) == (FREE, "Dora Keller", "CH", False)
    assert guess(Client(), user, DORA["password"]).status_code == 302
    assert SecurityEvent.objects.filter(slug="signed_up", user=user).exists()
    assert user.login_id in str(outbox()[-1].body)


def test_the_next_page_repeats_the_address(outbox: Outbox) -> None:
    client = Client()
    client.post("/signup/", DORA)

    assert FREE in client.get("/signup/sent/").content.decode()
    assert FREE not in Client().get("/signup/sent/").content.decode()
    assert outbox()


def test_the_account_keeps_the_time_of_its_country() -> None:
    confirm(link())

    assert User.objects.get().time_zone == "Europe/Zurich"


def test_in_another_browser_the_page_says_why_it_asks_for_the_password() -> None:
    page = Client().get(link()).content.decode()

    assert "you have opened the link in another browser" in page
    assert "one click is left" not in page


def test_the_link_signs_nobody_in() -> None:
    client = Client()

    confirm(link(), client)

    assert key_of(client) == ""
    assert not is_in(client)


def test_the_browser_that_signed_up_need_not_type_the_address_again() -> None:
    browser = Client()
    browser.post("/signup/", DORA)
    browser.post(path_of(SignUp.objects.get()))

    page = browser.get("/login/").content.decode()
    assert f'value="{FREE}"' in page
    assert re.search(r'<input type="password"[^>]* autofocus', page)
    assert FREE not in Client().get("/login/").content.decode()

    browser.post("/login/", {"login": FREE, "password": DORA["password"]})
    browser.post("/logout/")
    assert FREE not in browser.get("/login/").content.decode()


def test_the_address_is_kept_in_lower_case_and_recognised_in_any() -> None:
    confirm(link("Dora1@Alpina.EXAMPLE"))

    assert User.objects.get().email == FREE
    assert guess(Client(), "DORA1@alpina.example", DORA["password"]).status_code == 302


def test_a_network_does_not_try_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even with forms that cannot be: each password is looked up, perhaps at a service far away."""
    monkeypatch.setattr(views, "TRIES_PER_NETWORK", replace(views.TRIES_PER_NETWORK, times=3))

    assert [sign_up(email="no address").status_code for _ in range(5)] == [422] * 3 + [429] * 2


@pytest.mark.parametrize(
    "fields",
    [
        {"email": ""},
        {"email": "x"},
        {"email": "a@b"},
        {"email": "a@b.example\r\nBcc: evil@evil.example"},
        {"email": "x" * 300 + "@b.example"},
        {"name": ""},
        {"name": "x" * 151},
        {"name": "a\x00b"},
        {"name": "a\r\nBcc: evil@evil.example"},
        {"password": ""},
        {"password": "short"},
        {"password": "dora1@alpina.example"},
        {"password": "password123456"},
        {"password": "x" * 1025},
        {"country": ""},
        {"country": "XX"},
        {"country": "ZZ"},
        {"country": "ch"},
        {"country": "EU"},
    ],
)
def test_what_is_missing_or_wrong_is_said_and_nothing_sent(outbox: Outbox, fields: dict[str, str]) -> None:
    answer = sign_up(**fields)

    assert answer.status_code == 422
    assert outbox() == []
    assert not SignUp.objects.exists()


def test_nobody_makes_themselves_staff(outbox: Outbox) -> None:
    sign_up(is_support="1", is_active="1", protection="3", login_id="AA11111", auth_generation="7")

    confirm(path_of(SignUp.objects.get()))

    user = User.objects.get()
    assert (user.is_support, user.protection, user.auth_generation) == (False, 0, 0)
    assert user.login_id != "AA11111"
    assert outbox()


# ── Nobody learns who has an account (PW-02) ──
def test_an_address_that_has_an_account_gets_the_same_answer(alice: User, bob: User, outbox: Outbox) -> None:
    code_app(bob)
    bob.is_active = False
    bob.save()

    answers = [shown(sign_up(email=email)) for email in (FREE, alice.email, bob.email, alice.email.upper())]

    assert answers[0][0] == 302
    assert all(answer == answers[0] for answer in answers)
    assert [mail.to for mail in outbox()] == [[FREE], [alice.email], [bob.email], [alice.email]]


def test_so_does_it_with_a_mistake_in_the_form(alice: User) -> None:
    free, known = (shown(sign_up(email=email, country="")) for email in (FREE, alice.email))

    assert free[0] == 422
    assert str(free).replace(FREE, "") == str(known).replace(alice.email, "")


def test_and_beyond_the_limit(alice: User, clock: TestClock) -> None:
    clock.stop()

    free = [shown(sign_up()) for _ in range(7)]
    known = [shown(sign_up(email=alice.email)) for _ in range(7)]

    assert [answer[0] for answer in free] == [302] * 5 + [429] * 2
    assert free == known


def test_both_cost_one_hash(alice: User, hashes: Callable[[], int]) -> None:
    costs = []
    for email in (FREE, alice.email):
        sign_up(email=email)
        costs.append(hashes())

    assert costs == [1, 1]


def test_the_owner_is_told_and_nothing_of_theirs_changes(alice: User, outbox: Outbox) -> None:
    sign_up(email=alice.email, name="Eve")

    mail = outbox()[-1]
    assert "Eve" not in str(mail.body) + str(mail.subject)
    assert confirm(path_of(SignUp.objects.get())).status_code == 410
    assert guess(Client(), alice, PASSWORD).status_code == 302


def test_one_network_cannot_fill_everybodys_mailbox(outbox: Outbox) -> None:
    statuses = [sign_up(email=f"p{number}@alpina.example").status_code for number in range(65)]

    assert statuses.count(429) == 5
    assert len(outbox()) == 60


@pytest.mark.parametrize("host", [{"HTTP_X_FORWARDED_HOST": "evil.example"}, {"HTTP_HOST": "127.0.0.1:99"}])
def test_links_come_from_our_setting(
    outbox: Outbox, settings: SettingsWrapper, host: dict[str, str], alice: User
) -> None:
    settings.SITE_URL = "https://portal.example"

    sign_up(headers=host)
    sign_up(headers=host, email=alice.email)

    sent = outbox()
    addresses = {
        a for mail in sent for a in re.findall(r"https?://[^/\s\"<]+", str(mail.body) + str(mail.alternatives))
    }
    assert len(sent) == 2
    assert addresses == {"https://portal.example"}


def test_another_host_sends_nothing(outbox: Outbox) -> None:
    assert sign_up(headers={"HTTP_HOST": "evil.example"}).status_code == 400
    assert outbox() == []


def test_neither_password_nor_link_stands_in_any_row(outbox: Outbox) -> None:
    token = link().split("/")[3]
    outbox()

    rows = [str(vars(row)) for model in (SignUp, Message) for row in model.objects.all()]
    assert len(rows) == 2
    assert not any(secret in row for row in rows for secret in (token, DORA["password"]))


# ── The link ──
@pytest.mark.parametrize("method", ["get", "head"])
def test_whoever_only_looks_uses_nothing_up(method: str) -> None:
    path = link()

    answers = [getattr(Client(), method)(path).status_code for _ in range(10)]

    assert answers == [200] * 10
    assert not User.objects.exists()
    assert confirm(path).status_code == 302


def test_the_browser_that_signed_up_is_not_asked_for_the_password() -> None:
    client = Client()
    client.post("/signup/", DORA)

    assert client.post(path_of(SignUp.objects.get())).status_code == 302
    assert User.objects.count() == 1


@pytest.mark.parametrize("password", ["", "Another-One-Of-Mine-27"])
def test_the_owner_of_an_address_cannot_be_made_to_open_a_strangers_account(password: str) -> None:
    """Pre-hijacking: the stranger knows the password, the owner of the mailbox clicks."""
    path = link()

    assert Client().post(path, {"password": password}).status_code == 422
    assert not User.objects.exists()


def test_the_password_of_a_sign_up_cannot_be_guessed_at_will() -> None:
    path = link()

    statuses = [Client().post(path, {"password": f"guess number {number}"}).status_code for number in range(11)]

    assert statuses == [422] * 10 + [429]


def test_a_link_is_good_once() -> None:
    path = link()
    confirm(path)

    assert confirm(path).status_code == 410
    assert Client().get(path).status_code == 410
    assert User.objects.count() == 1


@pytest.mark.parametrize(("later", "status"), [(timedelta(hours=23), 302), (timedelta(hours=24, seconds=1), 410)])
def test_a_link_is_good_for_a_day(clock: TestClock, later: timedelta, status: int) -> None:
    path = link()
    clock.advance(later)

    assert confirm(path).status_code == status


def test_a_link_of_another_kind_or_invented_is_over() -> None:
    link()
    other_kind = links.token_for("password_reset", SignUp.objects.get().pk)

    for token in (other_kind, "x", "1-x", "9" * 30):
        assert confirm(f"/signup/verify/{token}/").status_code == 410
    assert not User.objects.exists()


def test_of_two_links_for_an_address_the_second_used_makes_no_account() -> None:
    first, second = link(), link()
    confirm(second)

    assert confirm(first).status_code == 410
    assert User.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("different", [False, True], ids=["one link", "four links"])
def test_at_the_same_instant_one_account_is_made(*, different: bool) -> None:
    paths = [link() for _ in range(4)] if different else [link()] * 4

    statuses = race(4, lambda number: confirm(paths[number]).status_code)

    assert sorted(statuses) == [302, 410, 410, 410]
    assert User.objects.count() == 1


# ── Who may (SIGNUP) ──
def test_closed_is_closed(settings: SettingsWrapper, outbox: Outbox) -> None:
    settings.SIGNUP = "closed"
    invitation = invite(FREE, language="en")
    query = f"?invitation={links.token_for('invitation', invitation.pk)}"
    outbox().clear()

    answers = [Client().get("/signup/").status_code, sign_up().status_code, sign_up(query).status_code]

    assert answers == [403] * 3
    assert outbox() == []
    assert "/signup/" not in Client().get("/login/").content.decode()


def test_by_invitation_only_the_invited_come_in(settings: SettingsWrapper, outbox: Outbox) -> None:
    settings.SIGNUP = "invitation"
    uninvited = sign_up()
    invite(FREE, language="en")
    found = re.search(r"http://localhost:8000/signup/(\?invitation=\S+)", str(outbox()[-1].body))
    assert found is not None

    page, answer = Client().get(f"/signup/{found[1]}"), sign_up(found[1])
    opened = confirm(path_of(SignUp.objects.get()))

    assert (uninvited.status_code, page.status_code) == (403, 200)
    assert FREE in page.content.decode()
    assert (answer.status_code, opened.status_code) == (302, 302)
    assert User.objects.get().email == FREE


def test_an_invitation_is_for_its_address(settings: SettingsWrapper) -> None:
    settings.SIGNUP = "invitation"
    query = f"?invitation={links.token_for('invitation', invite('somebody@else.example', language='en').pk)}"

    assert sign_up(query).status_code == 422
    assert not SignUp.objects.exists()


@pytest.mark.parametrize("token", ["", "1", "x", "1-x", "{sign_up}"])
def test_an_invented_invitation_is_none(settings: SettingsWrapper, token: str) -> None:
    settings.SIGNUP = "invitation"
    row = invite(FREE, language="en").pk

    assert sign_up(f"?invitation={token.replace('{sign_up}', links.token_for('sign_up', row))}").status_code == 403


def test_an_invitation_ends_after_14_days_or_one_use(settings: SettingsWrapper, clock: TestClock) -> None:
    settings.SIGNUP = "invitation"
    used, late = (f"?invitation={links.token_for('invitation', invite(FREE, language='en').pk)}" for _ in range(2))
    sign_up(used)

    again = sign_up(used)
    clock.advance(timedelta(days=14, seconds=1))

    assert (again.status_code, sign_up(late).status_code) == (403, 403)
    assert Invitation.objects.exclude(used_at=None).count() == 1


@pytest.mark.django_db(transaction=True)
def test_an_invitation_is_spent_once_at_the_same_instant(settings: SettingsWrapper) -> None:
    settings.SIGNUP = "invitation"
    query = f"?invitation={links.token_for('invitation', invite(FREE, language='en').pk)}"

    race(4, lambda _number: sign_up(query).status_code)

    assert SignUp.objects.count() == 1
