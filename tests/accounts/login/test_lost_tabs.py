"""People with several tabs, old pages and quick fingers end where they wanted to be, and hear what happened."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread
from typing import TYPE_CHECKING

import pytest
from django.db import connection, transaction
from django.test import Client

from accounts.models import Session
from tests.bed.people import PASSWORD, code_app, give_password, sign_in, totp_code
from tests.bed.walk import known_of, places
from twofactor.models import BackupCodes

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
VERIFY = "/login/verify/totp/"


def key_of(browser: Client) -> str:
    return browser.cookies["session"].value


def with_key(key: str) -> Client:
    browser = Client()
    browser.cookies["session"] = key
    return browser


def is_in(browser: Client) -> bool:
    return browser.get("/security/").status_code == 200


# ── A button without a session ──
def test_every_button_pressed_too_late_leads_to_a_page_after_signing_in(alice: User) -> None:
    device = code_app(alice)
    late = {}
    for place in places(known_of(device)):
        browser = Client()
        answer = browser.post(place.path)
        if answer.status_code == 302 and answer["Location"].startswith("/login/?next="):
            fields = {"login": alice.email, "password": PASSWORD}
            browser.post(answer["Location"], fields)
            device.__class__.objects.update(last_step=-1)
            wanted = browser.post(VERIFY, {"code": totp_code(device)})["Location"]
            late[place.path] = browser.get(wanted).status_code

    assert len(late) > 20
    assert {path: status for path, status in late.items() if status == 405} == {}


def test_the_page_that_had_the_button_is_where_it_leads(alice: User, client: Client) -> None:
    here = "http://testserver"
    told = client.post("/2fa/trusted-browsers/every-time/", headers={"referer": f"{here}/2fa/?shown=all"})
    silent = client.post("/sessions/others/end/")
    foreign = client.post("/sessions/others/end/", headers={"referer": "http://evil.example/sessions/"})

    assert told.status_code in {302, 404}
    assert silent["Location"] == foreign["Location"] == "/login/?next=/sessions/"
    assert client.post(silent["Location"], {"login": alice.email, "password": PASSWORD})["Location"] == "/sessions/"


def test_an_old_link_to_a_button_leads_to_its_page(alice: User, client: Client) -> None:
    fields = {"login": alice.email, "password": PASSWORD, "next": "/sessions/others/end/"}

    assert client.post("/login/", fields)["Location"] == "/sessions/"


@pytest.mark.parametrize("path", ["/sessions/others/end/", "/logout/", "/email/cancel/"])
def test_an_address_that_takes_forms_alone_has_a_page_that_says_so(path: str, alices: Client) -> None:
    answer = alices.get(path)

    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "Nothing to see at this address" in answer.content.decode()


def test_head_works_wherever_get_does(alice: User) -> None:
    device = code_app(alice)
    within, between = Client(), Client()
    give_password(between, alice)
    sign_in(within, alice)

    different = {}
    for place in places(known_of(device)):
        for browser in (within, between, Client()):
            got = browser.get(place.path)
            if got.streaming:
                continue
            head = browser.head(place.path)
            if (head.status_code == 405) != (got.status_code == 405):
                different[place.path] = (got.status_code, head.status_code)

    assert different == {}


# ── A second tab ──
def strict(browser: Client) -> Client:
    browser.handler.enforce_csrf_checks = True
    return browser


def test_the_sign_in_form_of_another_tab_goes_on(alice: User) -> None:
    browser = strict(Client())
    old = browser.get("/login/").context["csrf_token"]
    fields = {"login": alice.email, "password": PASSWORD, "csrfmiddlewaretoken": str(old)}
    browser.post("/login/", fields)

    answer = browser.post("/login/", {**fields, "next": "/sessions/"})

    assert (answer.status_code, answer["Location"]) == (302, "/sessions/")


def test_any_other_form_from_before_says_what_happened(alice: User) -> None:
    browser = Client()
    sign_in(browser, alice)

    answer = strict(browser).post("/settings/", {"csrfmiddlewaretoken": "x" * 64}, headers={"referer": "x"})

    assert answer.status_code == 403
    assert "You signed in after opening this page" in answer.content.decode()
    assert 'href="/settings/"' in answer.content.decode()


@pytest.mark.parametrize(
    "headers",
    [{}, {"origin": "http://testserver"}, {"sec-fetch-site": "same-origin"}],
    ids=["an old browser", "its origin", "its site"],
)
@pytest.mark.parametrize("token", ["", "x" * 64, "short"])
def test_signing_out_always_works(headers: dict[str, str], token: str, alice: User) -> None:
    browser = Client()
    sign_in(browser, alice)

    answer = strict(browser).post("/logout/", {"csrfmiddlewaretoken": token}, headers=headers)

    assert (answer.status_code, answer["Location"]) == (302, "/login/")
    assert Session.objects.get(user=alice).ended_by == "signed_out"


ELSEWHERE = [{"origin": "http://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}]


@pytest.mark.parametrize("headers", [*ELSEWHERE, {"sec-fetch-site": "same-site"}])
def test_no_other_site_signs_anybody_out(headers: dict[str, str], alice: User) -> None:
    browser = Client()
    sign_in(browser, alice)

    assert strict(browser).post("/logout/", headers=headers).status_code == 403
    assert is_in(browser)


# ── Too late with the code ──
def test_a_code_after_ten_minutes_is_told_why_it_did_not_count(alice: User, client: Client, clock: TestClock) -> None:
    device = code_app(alice)
    client.post("/login/", {"login": alice.email, "password": PASSWORD, "next": "/sessions/"})
    clock.advance(timedelta(minutes=10, seconds=1))

    answer = client.post(VERIFY, {"code": totp_code(device)})
    page = client.get(answer["Location"]).content.decode()

    assert answer["Location"] == "/login/?next=%2Fsessions%2F"
    assert "That took more than ten minutes" in page
    assert f'value="{alice.email}"' in page
    assert "That took more than ten minutes" not in client.get("/login/").content.decode()


def test_a_code_for_nothing_is_told_so(client: Client) -> None:
    answer = client.post(VERIFY, {"code": "123456"})

    assert answer["Location"] == "/login/"
    assert "That sign-in is over" in client.get("/login/").content.decode()


# ── Enter, twice ──
def half_in(user: User) -> str:
    browser = Client()
    browser.post("/login/", {"login": user.email, "password": PASSWORD, "next": "/sessions/"})
    return key_of(browser)


def test_the_second_post_of_the_same_form_finds_itself_signed_in(alice: User) -> None:
    code, key = totp_code(code_app(alice)), half_in(alice)
    lost, kept = with_key(key), with_key(key)

    lost.post(VERIFY, {"code": code})
    again = kept.post(VERIFY, {"code": code})

    assert (again.status_code, again["Location"]) == (302, "/sessions/")
    assert is_in(kept)
    assert not is_in(lost), "one session, one key"
    assert Session.objects.filter(user=alice).count() == 1


def test_so_does_a_third_and_a_backup_code(alice: User) -> None:
    code_app(alice)
    with transaction.atomic():
        BackupCodes.make_for(alice)
    typed, key = BackupCodes.objects.get().plain[0], half_in(alice)

    answers = [with_key(key).post(VERIFY, {"code": typed}) for _ in range(3)]

    assert [answer["Location"] for answer in answers] == ["/2fa/lost/?next=%2Fsessions%2F"] * 3
    assert BackupCodes.objects.get().left == 9


@pytest.mark.parametrize("late", [0, 31])
def test_the_key_of_before_alone_lets_nobody_in(late: int, alice: User, clock: TestClock) -> None:
    """Whoever planted it in the browser has it as well (session fixation)."""
    clock.stop()
    device = code_app(alice)
    code, key = totp_code(device), half_in(alice)
    with_key(key).post(VERIFY, {"code": code})
    clock.advance(timedelta(seconds=late))
    wrong = f"{(int(code) + 333_333) % 1_000_000:06d}"
    thief = with_key(key)

    tried = [wrong, "", "abcdef"] + [code] * (late > 30)
    answers = [with_key(key).post(VERIFY, {"code": typed}) for typed in tried]

    assert {answer["Location"] for answer in answers} == {"/login/"}
    assert not is_in(thief)
    assert not is_in(with_key(key))


def test_guessing_with_the_key_of_before_is_counted(alice: User) -> None:
    device = code_app(alice)
    code, key = totp_code(device), half_in(alice)
    with_key(key).post(VERIFY, {"code": code})
    wrong = f"{(int(code) + 333_333) % 1_000_000:06d}"

    statuses = [with_key(key).post(VERIFY, {"code": wrong}).status_code for _ in range(11)]

    assert statuses == [302] * 10 + [429]


def test_the_code_in_another_browser_is_spent(alice: User) -> None:
    code, key, other = totp_code(code_app(alice)), half_in(alice), half_in(alice)
    with_key(key).post(VERIFY, {"code": code})

    assert with_key(other).post(VERIFY, {"code": code}).status_code == 422


def test_after_signing_out_it_is_over(alice: User) -> None:
    code, key = totp_code(code_app(alice)), half_in(alice)
    browser = with_key(key)
    browser.post(VERIFY, {"code": code})
    browser.post("/logout/")

    assert with_key(key).post(VERIFY, {"code": code})["Location"] == "/login/"


@pytest.mark.django_db(transaction=True)
def test_both_at_the_same_instant_end_in_one_session(alice: User) -> None:
    code, key = totp_code(code_app(alice)), half_in(alice)
    browsers, together = [with_key(key) for _ in range(4)], Barrier(4)
    answers = []

    def post(browser: Client) -> None:
        together.wait()
        answers.append(browser.post(VERIFY, {"code": code})["Location"])
        connection.close()

    threads = [Thread(target=post, args=(browser,)) for browser in browsers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == ["/sessions/"] * 4
    assert Session.objects.filter(user=alice).count() == 1
    assert [is_in(browser) for browser in browsers].count(True) == 1
