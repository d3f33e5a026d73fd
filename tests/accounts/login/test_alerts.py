"""Owners hear of sign-ins from new places and of those that stopped at the second step, once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.conf import settings

from accounts.login import alerts
from accounts.login.models import LoginAttempt
from accounts.sessions.models import Session
from accounts.tasks import purge_accounts, tell_half_finished_sign_ins
from audit.models import SecurityEvent
from audit.tasks import purge_events
from tests.accounts.browsers import ELSEWHERE, HOME, HOME_TOO, browser_at, same_browser
from tests.accounts.mailbox import link_in, mails_to
from tests.bed.geoip import mmdb
from tests.bed.people import code_app, give_password, sign_in, totp_code
from tests.bed.race import race

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.core.mail import EmailMultiAlternatives
    from django.test import Client

    from accounts.user.models import User
    from tests.bed.clock import TestClock

    Outbox = Callable[[], list[EmailMultiAlternatives]]

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
NEWER_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:131.0) Gecko/20100101 Firefox/131.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
NEW = "New sign-in to your account"
HALF = "A sign-in stopped at your second step"
PAGE = "/login/verify/totp/"
IN_PORTUGAL = "20.0.0.1"


def subjects(outbox: Outbox, user: User) -> list[str]:
    """Of the mails about sign-ins that the person got."""
    return [mail.subject for mail in mails_to(user.email, outbox()) if mail.subject in {NEW, HALF}]


# ── From a new place ──
BROWSERS: dict[str, Client] = {}


@pytest.fixture(autouse=True)
def browsers() -> None:
    """Each agent is one browser, which keeps its cookie from one sign-in to the next."""
    BROWSERS.clear()


def come_from(user: User, ip: str, agent: str) -> Client:
    client = same_browser(BROWSERS, ip, agent)
    sign_in(client, user)
    return client


def test_the_very_first_sign_in_is_not_new(alice: User, outbox: Outbox) -> None:
    come_from(alice, HOME, FIREFOX)

    assert not subjects(outbox, alice)


@pytest.mark.parametrize("ip", [HOME, HOME_TOO, ELSEWHERE])
def test_the_same_browser_is_no_news_wherever_it_is(alice: User, outbox: Outbox, ip: str) -> None:
    come_from(alice, HOME, FIREFOX)

    come_from(alice, ip, FIREFOX)

    assert not subjects(outbox, alice)
    assert not SecurityEvent.objects.filter(user=alice, slug="signed_in.new_place").exists()


@pytest.mark.parametrize("ip", [HOME, HOME_TOO, ELSEWHERE])
@pytest.mark.parametrize("agent", [FIREFOX, NEWER_FIREFOX, IPHONE, "", "nonsense"])
def test_a_browser_without_the_cookie_is_news_whatever_it_says(
    alice: User, outbox: Outbox, ip: str, agent: str
) -> None:
    """Whoever relays a sign-in sends the name of the owner's browser along; a colleague sits in the same network."""
    come_from(alice, HOME, FIREFOX)

    sign_in(browser_at(ip, HTTP_USER_AGENT=agent), alice)

    assert subjects(outbox, alice) == [NEW]
    assert SecurityEvent.objects.filter(user=alice, slug="signed_in.new_place").exists()


def test_a_cookie_of_somebody_else_s_making_is_none(alice: User) -> None:
    come_from(alice, HOME, FIREFOX)
    for value in ("x" * 43, "x" * 500, "x"):
        stranger = browser_at(HOME, HTTP_USER_AGENT=FIREFOX)
        stranger.cookies[settings.KNOWN_BROWSER_COOKIE_NAME] = value
        sign_in(stranger, alice)

    assert SecurityEvent.objects.filter(user=alice, slug="signed_in.new_place").count() == 3


def test_another_country_is_news_in_the_same_browser(alice: User, outbox: Outbox, geoip: Path) -> None:
    portugal = {"country": {"iso_code": "PT", "names": {"en": "Portugal"}}}
    geoip.write_bytes(mmdb({"country": {"iso_code": "CH", "names": {"en": "Switzerland"}}}, below_128=portugal))
    seen = []

    for ip in (HOME, ELSEWHERE, IN_PORTUGAL, IN_PORTUGAL, HOME):
        come_from(alice, ip, FIREFOX)
        seen.append(SecurityEvent.objects.filter(user=alice, slug="signed_in.new_place").count())

    assert seen == [0, 0, 1, 1, 1]
    assert subjects(outbox, alice) == [NEW]


def test_the_mail_says_what_when_and_what_to_do(alice: User, outbox: Outbox, clock: TestClock) -> None:
    alice.time_zone = "Europe/Zurich"
    alice.save()
    come_from(alice, HOME, FIREFOX)
    moment = clock.stop(clock.now().replace(month=7, hour=10, minute=7))

    come_from(alice, ELSEWHERE, IPHONE)

    [mail] = [mail for mail in outbox() if mail.subject == NEW]
    said = str(mail.body)
    assert "Mobile Safari on iOS" in said
    assert f"{moment:%-d %B %Y}, 12:07 CEST" in said
    assert "Place: Unknown" in said
    assert link_in(mail, "/not-me/")
    assert f'href="{settings.SITE_URL}{link_in(mail, "/not-me/")}"' in str(mail.alternatives[0].content)


def test_it_is_told_when_the_second_step_is_done_not_before(alice: User, outbox: Outbox) -> None:
    device = code_app(alice)
    come_from(alice, HOME, FIREFOX)
    stranger = browser_at(ELSEWHERE, HTTP_USER_AGENT=IPHONE)

    give_password(stranger, alice)
    before = subjects(outbox, alice)
    device.last_step = -1
    device.save()
    stranger.post(PAGE, {"code": totp_code(device)})

    assert not before
    assert subjects(outbox, alice) == [NEW]


def test_a_password_alone_makes_nobody_known(alice: User, outbox: Outbox, clock: TestClock) -> None:
    device = code_app(alice)
    come_from(alice, HOME, FIREFOX)
    give_password(browser_at(ELSEWHERE, HTTP_USER_AGENT=IPHONE), alice)
    clock.advance(timedelta(minutes=1))

    stranger = browser_at(ELSEWHERE, HTTP_USER_AGENT=IPHONE)
    give_password(stranger, alice)
    stranger.post(PAGE, {"code": totp_code(device)})

    assert subjects(outbox, alice) == [NEW]


def test_a_place_is_new_once(alice: User, outbox: Outbox) -> None:
    come_from(alice, HOME, FIREFOX)

    for _ in range(3):
        come_from(alice, ELSEWHERE, IPHONE)

    assert subjects(outbox, alice) == [NEW]


@pytest.mark.parametrize(("days", "is_new"), [(364, False), (366, True)])
def test_a_browser_is_known_for_a_year(
    alice: User, outbox: Outbox, clock: TestClock, days: int, *, is_new: bool
) -> None:
    come_from(alice, HOME, FIREFOX)
    clock.advance(timedelta(days=days))
    purge_accounts()

    come_from(alice, HOME, FIREFOX)

    assert subjects(outbox, alice) == ([NEW] if is_new else [])


def test_after_years_it_is_not_the_first_sign_in(alice: User, outbox: Outbox, clock: TestClock) -> None:
    come_from(alice, HOME, FIREFOX)
    Session.objects.all().delete()
    clock.advance(timedelta(days=300))

    come_from(alice, ELSEWHERE, IPHONE)

    assert subjects(outbox, alice) == [NEW]


def test_nor_when_the_record_of_it_has_gone_too(alice: User, outbox: Outbox, clock: TestClock) -> None:
    come_from(alice, HOME, FIREFOX)
    rest_for_more_than_a_year(clock)

    come_from(alice, ELSEWHERE, IPHONE)

    assert not SecurityEvent.objects.filter(user=alice, ip=HOME).exists()
    assert subjects(outbox, alice) == [NEW]


def test_the_very_first_sign_in_is_not_new_however_late(alice: User, outbox: Outbox, clock: TestClock) -> None:
    """An account that nobody has used yet, nor tried: the sweeps find nothing of it."""
    rest_for_more_than_a_year(clock)

    come_from(alice, HOME, FIREFOX)

    assert not subjects(outbox, alice)


def rest_for_more_than_a_year(clock: TestClock) -> None:
    clock.advance(timedelta(days=400))
    purge_accounts()
    purge_events()


def test_what_others_use_is_not_known(alice: User, bob: User, outbox: Outbox) -> None:
    come_from(alice, HOME, FIREFOX)
    come_from(bob, ELSEWHERE, IPHONE)

    come_from(alice, ELSEWHERE, IPHONE)

    assert subjects(outbox, alice) == [NEW]
    assert not subjects(outbox, bob)


def test_whoever_turned_it_off_is_not_told_but_it_is_recorded(alice: User, outbox: Outbox) -> None:
    alice.alerts_new_places = False
    alice.save()
    come_from(alice, HOME, FIREFOX)

    come_from(alice, ELSEWHERE, IPHONE)

    assert not subjects(outbox, alice)
    assert SecurityEvent.objects.filter(user=alice, slug="signed_in.new_place").exists()


# ── Half finished ──
@pytest.fixture
def owner(alice: User) -> User:
    """Alice with a code app."""
    code_app(alice)
    return alice


def stop_half_way(user: User, ip: str = ELSEWHERE, agent: str = IPHONE) -> Client:
    client = browser_at(ip, HTTP_USER_AGENT=agent)
    give_password(client, user)
    return client


def test_it_is_told_after_ten_minutes_and_once(owner: User, outbox: Outbox, clock: TestClock) -> None:
    stop_half_way(owner)
    tell_half_finished_sign_ins()
    at_once = subjects(outbox, owner)

    clock.advance(timedelta(minutes=10, seconds=1))
    for _ in range(3):
        tell_half_finished_sign_ins()
        clock.advance(timedelta(hours=2))

    assert not at_once
    assert subjects(outbox, owner) == [HALF]
    assert SecurityEvent.objects.filter(user=owner, slug="sign_in.half_finished", ip=ELSEWHERE).count() == 1


def test_one_that_was_given_up_is_told_at_once(owner: User, outbox: Outbox) -> None:
    stop_half_way(owner).post("/logout/")

    tell_half_finished_sign_ins()

    assert subjects(outbox, owner) == [HALF]


def test_one_that_was_finished_is_not_told(owner: User, outbox: Outbox, clock: TestClock) -> None:
    come_from(owner, ELSEWHERE, IPHONE)
    clock.advance(timedelta(minutes=30))

    tell_half_finished_sign_ins()

    assert not subjects(outbox, owner)


def test_beginning_again_in_another_tab_is_no_alarm(owner: User, outbox: Outbox, clock: TestClock) -> None:
    stop_half_way(owner, HOME, FIREFOX)
    clock.advance(timedelta(minutes=2))
    come_from(owner, HOME, FIREFOX)
    clock.advance(timedelta(minutes=30))

    tell_half_finished_sign_ins()

    assert not subjects(outbox, owner)


def test_a_thief_is_not_excused_by_the_owner_s_sign_in_elsewhere(owner: User, outbox: Outbox, clock: TestClock) -> None:
    stop_half_way(owner, ELSEWHERE)
    come_from(owner, HOME, FIREFOX)
    clock.advance(timedelta(minutes=30))

    tell_half_finished_sign_ins()

    assert subjects(outbox, owner) == [HALF]


def test_several_are_one_mail(owner: User, outbox: Outbox, clock: TestClock) -> None:
    for number in range(7):
        stop_half_way(owner, f"198.51.{number}.9")
    clock.advance(timedelta(minutes=11))

    tell_half_finished_sign_ins()

    [mail] = [mail for mail in outbox() if mail.subject == HALF]
    assert str(mail.body).count("Mobile Safari on iOS") == 5
    assert "And 2 more like these." in str(mail.body)
    assert link_in(mail, "/not-me/")
    assert SecurityEvent.objects.filter(slug="sign_in.half_finished").count() == 5


def test_at_most_one_mail_an_hour_and_none_is_lost(owner: User, outbox: Outbox, clock: TestClock) -> None:
    sent = []
    for _ in range(14):
        stop_half_way(owner)
        clock.advance(timedelta(minutes=10, seconds=1))
        tell_half_finished_sign_ins()
        sent.append(len(subjects(outbox, owner)))
    clock.advance(timedelta(hours=1))
    tell_half_finished_sign_ins()

    assert sent[0] == sent[5] == 1
    assert sent[6] == sent[11] == 2
    assert sent[12] == sent[13] == 3
    assert len(subjects(outbox, owner)) == 4
    assert not LoginAttempt.objects.half_finished().exists()


def test_each_owner_hears_of_the_own_ones(owner: User, bob: User, outbox: Outbox, clock: TestClock) -> None:
    code_app(bob)
    stop_half_way(owner)
    stop_half_way(bob)
    clock.advance(timedelta(minutes=11))

    tell_half_finished_sign_ins()

    assert subjects(outbox, owner) == subjects(outbox, bob) == [HALF]


def test_accounts_that_are_kept_busy_keep_nobody_else_from_hearing(
    owner: User, bob: User, outbox: Outbox, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody owns as many as one run takes, with smaller numbers, and stops half-way in them again and again."""
    monkeypatch.setattr(alerts, "MOST_ACCOUNTS", 1)
    code_app(bob)
    busy, victim = sorted((owner, bob), key=lambda user: user.pk)
    stop_half_way(busy)
    clock.advance(timedelta(minutes=1))
    stop_half_way(victim)
    clock.advance(timedelta(minutes=11))

    for _ in range(3):
        stop_half_way(busy).post("/logout/")
        tell_half_finished_sign_ins()
        clock.advance(timedelta(minutes=1))

    assert subjects(outbox, busy) == subjects(outbox, victim) == [HALF]


def test_who_has_waited_longest_hears_first(
    owner: User, bob: User, outbox: Outbox, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "MOST_ACCOUNTS", 1)
    code_app(bob)
    late, early = sorted((owner, bob), key=lambda user: user.pk)
    for user in (early, late, early, early):
        stop_half_way(user)
        clock.advance(timedelta(minutes=1))
    clock.advance(timedelta(minutes=10))

    tell_half_finished_sign_ins()
    first = [subjects(outbox, user) for user in (early, late)]
    tell_half_finished_sign_ins()

    assert first == [[HALF], []]
    assert subjects(outbox, late) == [HALF]


def test_turning_off_mails_about_new_places_does_not_silence_it(owner: User, outbox: Outbox, clock: TestClock) -> None:
    owner.alerts_new_places = False
    owner.save()
    stop_half_way(owner)
    clock.advance(timedelta(minutes=11))

    tell_half_finished_sign_ins()

    assert subjects(outbox, owner) == [HALF]


def test_without_a_second_step_nothing_is_half_finished(alice: User, outbox: Outbox, clock: TestClock) -> None:
    come_from(alice, HOME, FIREFOX)
    clock.advance(timedelta(minutes=30))

    tell_half_finished_sign_ins()

    assert not subjects(outbox, alice)


@pytest.mark.django_db(transaction=True)
def test_many_workers_at_once_send_one_mail(owner: User, outbox: Outbox, clock: TestClock) -> None:
    for _ in range(3):
        stop_half_way(owner)
    clock.advance(timedelta(minutes=11))

    race(16, lambda _number: tell_half_finished_sign_ins())

    assert subjects(outbox, owner) == [HALF]
