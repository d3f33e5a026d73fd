"""/secure/: what to look through after a fright; nothing happens there by itself."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client
from django.utils.translation import gettext_lazy as _

from audit import events
from audit.actions import record
from audit.models import SecurityEvent
from lib.origin import Origin
from tests.accounts.browsers import is_in
from tests.accounts.lock.locking import NEW, lock, set_password
from tests.bed.people import PASSWORD, code_app, give_password, sign_in, totp_code
from twofactor.models import TOTPDevice
from twofactor.not_me.steps import Step

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
PAGE = "/secure/"


def app_passwords(_user: User) -> Step:
    return Step(_("App passwords"), _("Three of them."), _("Look at them"), "/app-passwords/")


def test_whoever_opens_a_locked_account_comes_here(alice: User) -> None:
    device, browser = code_app(alice), Client()
    lock(alice)
    set_password(alice, browser=browser)

    answer = browser.post("/login/verify/totp/", {"code": totp_code(device)}, follow=True)

    assert answer.request["PATH_INFO"] == PAGE
    assert "Secure my account" in answer.content.decode()
    assert "Your password was reset" in answer.content.decode()
    assert "You’re signed in only here." in answer.content.decode()


def test_without_a_second_step_too(alice: User) -> None:
    lock(alice)
    browser = Client()
    address = set_password(alice, browser=browser)["Location"]

    answer = browser.post(address, {"login": alice.email, "password": NEW, "next": PAGE}, follow=True)

    assert address == "/login/?next=%2Fsecure%2F"
    assert answer.request["PATH_INFO"] == PAGE
    assert "Turn on two-step verification" in answer.content.decode()


def test_a_new_method_is_marked_and_an_old_one_is_not(alice: User, clock: TestClock) -> None:
    TOTPDevice.objects.filter(pk=code_app(alice, "Old one").pk).update(created_at=clock.now() - timedelta(days=30))
    code_app(alice, "Strange one")
    browser = Client()
    sign_in(browser, alice)

    page = browser.get(PAGE).content.decode()

    assert page.count("badge warn") == 1
    assert page.index("Old one") < page.index("badge warn")
    assert "It is your only one" not in page


def test_removing_a_strange_method_leads_back(alice: User) -> None:
    code_app(alice)
    browser = Client()
    sign_in(browser, alice)
    strange = code_app(alice, "Strange one")
    address = f"/2fa/totp/{strange.pk}/remove/"
    assert f'href="{address}?next=/secure/"' in browser.get(PAGE).content.decode()

    assert browser.post(f"{address}?next=/secure/")["Location"] == PAGE
    assert not TOTPDevice.objects.filter(pk=strange.pk).exists()


@pytest.mark.parametrize("wanted", ["//evil.example/", "https://evil.example/"])
def test_it_leads_to_no_other_site(wanted: str, alice: User) -> None:
    code_app(alice)
    browser = Client()
    sign_in(browser, alice)
    strange = code_app(alice, "Strange one")

    assert browser.post(f"/2fa/totp/{strange.pk}/remove/?next={wanted}")["Location"] == "/security/"


def test_the_only_method_has_a_warning(alice: User) -> None:
    code_app(alice)
    browser = Client()
    sign_in(browser, alice)

    assert "It is your only one" in browser.get(PAGE).content.decode()


def test_looking_ends_nothing(alice: User, alices: Client) -> None:
    other = Client()
    sign_in(other, alice)

    page = alices.get(PAGE).content.decode()

    assert "1 other browser is signed in." in page
    assert is_in(other)


def test_signing_out_everywhere_else(alice: User, alices: Client) -> None:
    other = Client()
    sign_in(other, alice)

    answer = alices.post(f"{PAGE}others/", follow=True)

    assert "Every other browser is signed out." in answer.content.decode()
    assert not is_in(other)
    assert is_in(alices)
    assert SecurityEvent.objects.filter(slug="sessions.others_ended").count() == 1


def test_that_needs_a_confirmation(alice: User, alices: Client, clock: TestClock) -> None:
    other = Client()
    clock.advance(timedelta(minutes=16))
    sign_in(other, alice)

    assert alices.post(f"{PAGE}others/")["Location"].startswith("/confirm/")
    assert is_in(other)


def test_a_change_of_the_email_is_stopped_from_here(alices: Client) -> None:
    alices.post("/email/", {"email": "thief@elsewhere.example"})

    page = alices.get(PAGE).content.decode()

    assert "thief@elsewhere.example" in page
    assert 'action="/email/cancel/?next=/secure/"' in page
    assert alices.post("/email/cancel/?next=/secure/")["Location"] == PAGE


def test_changes_of_the_last_week_say_where_they_are_put_right(alices: Client, clock: TestClock) -> None:
    alices.post("/profile/", {"name": "Alice Other", "country": "CH"})

    now = alices.get(PAGE).content.decode()
    clock.advance(timedelta(minutes=50))
    alices.get(PAGE)

    assert "Your name was changed" in now
    assert 'href="/profile/"' in now


def test_other_features_add_their_steps(alices: Client, settings: SettingsWrapper) -> None:
    settings.SECURE_STEPS = ("tests.twofactor.not_me.test_secure.app_passwords",)

    page = alices.get(PAGE).content.decode()

    assert "Three of them." in page
    assert 'href="/app-passwords/"' in page


def test_nobody_sees_anothers(alice: User, bob: User, alices: Client) -> None:
    code_app(alice, "Alices phone")
    alices.post("/profile/", {"name": "Alice Other", "country": "CH"})
    bobs = Client()
    sign_in(bobs, bob)

    page = bobs.get(PAGE).content.decode()

    assert "Alices phone" not in page
    assert "Your name was changed" not in page


# ── Step after step ──
def steps_of(browser: Client, address: str = PAGE) -> list[tuple[str, bool]]:
    """The words on top of each step, and whether it is folded."""
    page = browser.get(address).content.decode()
    found = re.findall(r"<li>\s*<(details|section).*?<h2[^>]*>(.*?)</h2>", page, re.DOTALL)
    words = [(" ".join(re.sub(r"<[^>]+>", "", text).split()), kind == "details") for kind, text in found]
    return [(text.partition(". ")[2], is_folded) for text, is_folded in words]


def folded(browser: Client) -> str:
    return "".join(re.findall(r"<details class=\"fold\">.*?</details>", browser.get(PAGE).content.decode(), re.DOTALL))


def stranger_signs_in(user: User, clock: TestClock) -> Client:
    """Known at home, she is seen elsewhere; then she looks from home."""
    home, elsewhere = Client(REMOTE_ADDR="203.0.113.7"), Client(REMOTE_ADDR="198.51.100.9", HTTP_USER_AGENT="Odd")
    sign_in(home, user)
    clock.advance(timedelta(minutes=1))
    sign_in(elsewhere, user)
    clock.advance(timedelta(minutes=1))
    return home


def test_the_strange_sign_in_comes_first_and_the_steps_have_numbers(alice: User, clock: TestClock) -> None:
    code_app(alice)
    home = stranger_signs_in(alice, clock)

    page = home.get(PAGE).content.decode()

    assert [title for title, _folded in steps_of(home)] == [
        "Was this you?",
        "A new password",
        "How you confirm it’s you",
        "Browsers that are signed in",
        "What changed in the last 7 days",
        "New backup codes",
    ]
    assert page.index("You signed in from a new place or browser") < page.index("A new password")
    assert "198.51.100.9" in page
    assert "1 of 6 steps done" in page  # nothing changed
    event = SecurityEvent.objects.get(slug="signed_in.new_place")
    assert f'<a class="btn s" href="/activity/{event.seq}/not-me/">It wasn’t me</a>' in page


def test_the_event_that_one_came_for_is_the_first(alices: Client) -> None:
    event = SecurityEvent.objects.get(slug="signed_in")
    asked = alices.get(f"/activity/{event.seq}/not-me/").content.decode()

    assert f'href="{PAGE}?event={event.seq}"' in asked
    assert steps_of(alices, f"{PAGE}?event={event.seq}")[0] == ("Was this you?", False)
    assert steps_of(alices)[0] == ("Was this you?", True)


@pytest.mark.parametrize("event", ["", "x", "-1", "9" * 30, "٣", "999999"])
def test_a_number_that_names_nothing_changes_nothing(event: str, alices: Client) -> None:
    assert steps_of(alices, f"{PAGE}?event={event}")[0] == ("Was this you?", True)


def test_nobody_sees_anothers_event(alices: Client, bob: User) -> None:
    for _number in range(3):
        sign_in(Client(), bob)
    event = SecurityEvent.objects.filter(user=bob).order_by("seq").last()

    assert not SecurityEvent.objects.filter(user=alices.get(PAGE).wsgi_request.user, seq=event.seq).exists()
    assert "You signed in" not in alices.get(f"{PAGE}?event={event.seq}").content.decode()
    assert steps_of(alices, f"{PAGE}?event={event.seq}")[0] == ("Was this you?", True)


def test_what_was_looked_at_is_folded_until_something_new_comes(alice: User, alices: Client, clock: TestClock) -> None:
    code_app(alice)
    for name in ("password", "methods", "changes", "codes", "browsers"):
        assert alices.post(f"{PAGE}seen/", {"step": name})["Location"] == PAGE
    assert all(is_folded for _title, is_folded in steps_of(alices))
    assert "6 of 6 steps done" in alices.get(PAGE).content.decode()

    clock.advance(timedelta(minutes=1))
    code_app(alice, "Strange one")
    sign_in(Client(REMOTE_ADDR="198.51.100.9", HTTP_USER_AGENT="Odd"), alice)

    opened = [title for title, is_folded in steps_of(alices) if not is_folded]
    assert opened == [
        "Was this you?",
        "A new password",
        "How you confirm it’s you",
        "Browsers that are signed in",
        "New backup codes",
    ]


def test_nothing_that_is_done_has_a_live_button(alice: User, alices: Client) -> None:
    code_app(alice)
    other = Client()
    sign_in(other, alice)
    alices.post("/profile/", {"name": "Alice Other", "country": "CH"})
    for name in ("sign_ins", "password", "methods", "browsers", "changes", "codes"):
        alices.post(f"{PAGE}seen/", {"step": name})

    done = folded(alices)

    assert done.count(">Done</span>") == 6
    assert "<button" not in done
    assert 'class="btn' not in done


def test_what_is_open_is_never_called_done(alice: User, clock: TestClock) -> None:
    code_app(alice)
    home = stranger_signs_in(alice, clock)

    sections = re.findall(r"<section.*?</section>", home.get(PAGE).content.decode(), re.DOTALL)

    assert len(sections) == 5
    assert not any("Done" in section for section in sections)


def test_one_session_says_nothing_for_another(alice: User, alices: Client) -> None:
    other = Client()
    sign_in(other, alice)

    alices.post(f"{PAGE}seen/", {"step": "password"})

    assert ("A new password", False) in steps_of(other)


@pytest.mark.parametrize("step", ["", "everything", "x" * 5000])
def test_there_are_no_other_steps(step: str, alices: Client) -> None:
    assert alices.post(f"{PAGE}seen/", {"step": step}).status_code == 404


def test_a_new_password_closes_the_first_two_steps_and_leads_back(alice: User, clock: TestClock) -> None:
    home = stranger_signs_in(alice, clock)

    answer = home.post("/password/?next=/secure/", {"current_password": PASSWORD, "password": NEW})

    assert answer["Location"] == PAGE
    assert steps_of(home)[:2] == [("Was this you?", True), ("A new password", True)]
    assert "Whoever it was is signed out" in home.get(PAGE).content.decode()


def test_many_that_failed_do_not_hide_one_that_got_in(alice: User, clock: TestClock) -> None:
    home = stranger_signs_in(alice, clock)
    for _number in range(30):
        clock.advance(timedelta(seconds=1))
        record(events.HALF_FINISHED, user=alice, origin=Origin(ip="198.51.100.10", user_agent="Odd"))

    assert "You signed in from a new place or browser" in home.get(PAGE).content.decode()


def test_a_remembered_browser_is_one_that_gets_in(alice: User, alices: Client) -> None:
    device, other = code_app(alice), Client()
    give_password(other, alice)
    other.post("/login/verify/totp/", {"code": totp_code(device), "remember_browser": "on"})
    other.post("/logout/")

    page = alices.get(PAGE).content.decode()

    assert "1 other browser may skip your second step." in page
    assert ("Browsers that are signed in", False) in steps_of(alices)
