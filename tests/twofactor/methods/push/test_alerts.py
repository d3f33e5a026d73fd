"""Whatever is told by mail is told on the person's phones too, and a push says no more than that."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.test import Client

from audit.events import EVENTS
from audit.models import SecurityEvent
from messaging.actions import deliver, sweep
from messaging.digest import ids_in
from messaging.errors import TemporaryFailure
from messaging.models import Message, PushSubscription, State
from tests.accounts.browsers import HOME, browser_at
from tests.accounts.lock.locking import lock
from tests.audit.stories import STORIES, Life
from tests.bed import push_service
from tests.bed.people import PASSWORD, sign_in
from tests.twofactor.enrolment.front_door import turn_on
from tests.twofactor.methods.push.phones import linked_phone, new_phone, waiting
from twofactor.methods.push.models import PushDevice, PushRequest
from twofactor.models import NotMe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.core.mail import EmailMultiAlternatives
    from pytest_django.fixtures import SettingsWrapper

    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from tests.bed.push_service import Push, PushService

    Outbox = Callable[[], list[EmailMultiAlternatives]]

pytestmark = pytest.mark.django_db
NEW = "Nine-Herons-Wait-By-Ponds"
ALERT = {"v": 1, "purpose": "alert"}
# No mail of these has a link that locks: the one is the lock itself, the other names attempts instead of events.
TOLD_APART = {"account.locked", "sign_in.half_finished"}


@pytest.fixture
def service() -> Iterator[PushService]:
    with push_service.running() as running:
        yield running


def alerts(service: PushService) -> list[Push]:
    """Delivered as by a worker."""
    sweep(deliver)
    return [push for push in service.taken if push.message == ALERT]


def change_password(browser: Client, old: str = PASSWORD, new: str = NEW) -> None:
    assert browser.post("/password/", {"current_password": old, "password": new}).status_code == 302


def add_phone(browser: Client, service: PushService, path: str) -> None:
    """The app on a phone where the person is signed in."""
    linked = new_phone(browser).link("Another", subscription=service.subscription(path))
    assert linked.status == 201


# ── Which ──
def told_of_by_mail() -> set[str]:
    """The events in every mail that has the link to lock the account."""
    details = NotMe.objects.values_list("message__details", flat=True)
    ids = [pk for one in details for pk in ids_in(one.get("events", one.get("event")))]
    return set(SecurityEvent.objects.filter(pk__in=ids).values_list("slug", flat=True))


def told_of_by_push() -> set[str]:
    """Without those that were taken back before they left."""
    left = Message.objects.filter(kind="push_alert").exclude(state=State.EXPIRED, tries=0)
    ids = left.values_list("details__event", flat=True)
    return set(SecurityEvent.objects.filter(pk__in=list(ids)).values_list("slug", flat=True))


def subscription_of_anybody(user: User, _event_id: int) -> list[int]:
    return [PushSubscription.objects.get_or_create(user=user)[0].pk]


@pytest.mark.parametrize("slug", EVENTS)
def test_every_alert_goes_to_the_phones_too_and_nothing_else_does(
    slug: str, alice: User, outbox: Outbox, clock: TestClock, settings: SettingsWrapper
) -> None:
    """A phone changes what is asked at sign-in: so here everybody has one that is never asked."""
    settings.ALERTED_PHONES = f"{__name__}.{subscription_of_anybody.__name__}"

    STORIES[slug].tell(Life(alice, outbox, clock))
    outbox()
    clock.advance(timedelta(hours=1))
    outbox()

    assert told_of_by_push() - TOLD_APART == told_of_by_mail() - TOLD_APART
    assert (slug in told_of_by_push()) == (slug in told_of_by_mail() | TOLD_APART)


# ── How ──
def test_it_says_nothing_lives_for_a_day_and_takes_no_requests_place(
    alice: User, alices: Client, service: PushService
) -> None:
    phone = linked_phone(alice, service)
    change_password(alices)
    [alert] = alerts(service)

    waiting_browser = Client()
    waiting_browser.post("/login/", {"login": alice.email, "password": NEW})
    sweep(deliver)

    request = service.taken[-1]
    assert set(request.message) == {"v", "id"}
    assert alert.headers["Topic"] != request.headers["Topic"]
    assert 3600 < int(alert.headers["TTL"]) <= 24 * 3600
    assert int(request.headers["TTL"]) <= 120
    assert (len(alert.plain), alert.headers["Urgency"]) == (len(request.plain), "high")
    assert len(phone.pending()) == 1


def test_a_hundred_alerts_leave_every_request_of_a_sign_in(alice: User, alices: Client, service: PushService) -> None:
    linked_phone(alice, service)
    for number in range(100):
        alices.post("/profile/", {"name": f"Alice {number}", "country": "CH"})
    assert len(alerts(service)) == 100

    waiting(alice)

    assert PushRequest.objects.open().filter(user=alice).count() == 1


def test_every_phone_of_the_account_hears_and_nobody_elses(
    alice: User, bob: User, alices: Client, service: PushService
) -> None:
    linked_phone(alice, service, name="One")
    linked_phone(alice, service, name="Two")
    linked_phone(bob, service)

    change_password(alices)

    assert sorted(push.path for push in alerts(service)) == [f"/push/{alice.pk}"] * 2


def test_a_lock_is_told(alice: User, service: PushService) -> None:
    linked_phone(alice, service)

    lock(alice)

    assert len(alerts(service)) == 1


# ── Whom not ──
def test_a_phone_that_is_linked_does_not_tell_of_itself_but_the_others_do(
    alice: User, alices: Client, service: PushService
) -> None:
    linked_phone(alice, service)

    add_phone(alices, service, "/push/new")
    told_of_linking = [push.path for push in alerts(service)]
    change_password(alices)

    assert told_of_linking == [f"/push/{alice.pk}"]
    assert sorted(push.path for push in alerts(service)[1:]) == sorted([f"/push/{alice.pk}", "/push/new"])


def test_a_first_phone_does_not_tell_of_itself_either(alices: Client, service: PushService) -> None:
    add_phone(alices, service, "/push/new")

    assert alerts(service) == []


def test_a_phone_hears_of_every_other_method(alice: User, alices: Client, service: PushService) -> None:
    linked_phone(alice, service)
    before = PushDevice.objects.count()

    turn_on(alices)

    assert PushDevice.objects.count() == before
    assert len(alerts(service)) == 1


def test_a_removed_phone_hears_nothing_more(alice: User, alices: Client, service: PushService) -> None:
    linked_phone(alice, service, name="Kept")
    add_phone(alices, service, "/push/lost")
    lost = PushDevice.objects.latest("pk")
    alerts(service)
    service.taken.clear()

    alices.post(f"/2fa/push/{lost.pk}/remove/")
    change_password(alices)

    assert not PushDevice.objects.filter(pk=lost.pk).exists()
    assert {push.path for push in alerts(service)} == {f"/push/{alice.pk}"}
    assert len(service.taken) == 2


# ── How often ──
def sign_in_from(number: int, user: User) -> None:
    """A new place each time."""
    sign_in(browser_at(f"198.51.{number}.9", HTTP_USER_AGENT=f"curl/{number}"), user)


@pytest.fixture
def apart(settings: SettingsWrapper, alice: User, service: PushService) -> PushSubscription:
    """A phone that is never asked at sign-in, so that a password is enough."""
    info = service.subscription()
    keys = info["keys"]
    assert isinstance(keys, dict)
    settings.ALERTED_PHONES = f"{__name__}.{subscription_of_anybody.__name__}"
    sign_in(browser_at(HOME), alice)
    return PushSubscription.objects.create(user=alice, endpoint=info["endpoint"], **keys)


@pytest.mark.usefixtures("apart")
def test_what_repeats_itself_comes_at_once_and_then_by_the_hour(
    alice: User, service: PushService, clock: TestClock
) -> None:
    for number in range(3):
        sign_in_from(number, alice)
        first = len(alerts(service))
        clock.advance(timedelta(minutes=10))

    clock.advance(timedelta(minutes=31))

    assert (first, len(alerts(service))) == (1, 2)


@pytest.mark.usefixtures("apart")
def test_phones_do_not_wait_for_the_mail_server(
    alice: User, service: PushService, clock: TestClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise TemporaryFailure("away")

    monkeypatch.setattr("messaging.mail.send", away)
    for number in range(5):
        sign_in_from(number, alice)
        sweep(deliver)
        clock.advance(timedelta(hours=2))

    assert len(alerts(service)) == 5
    assert set(Message.objects.filter(kind="new_sign_in").values_list("state", flat=True)) == {State.NEW}


@pytest.mark.usefixtures("apart")
def test_whoever_wants_no_mails_about_new_places_gets_no_pushes_either(alice: User, service: PushService) -> None:
    type(alice).objects.filter(pk=alice.pk).update(alerts_new_places=False)

    sign_in_from(1, alice)

    assert alerts(service) == []


# ── For how long ──
@pytest.mark.parametrize(("hours", "arrived"), [(20, 1), (25, 0)])
def test_a_push_service_that_is_away_is_asked_again_for_a_day(
    hours: int, arrived: int, alice: User, alices: Client, service: PushService, *, clock: TestClock
) -> None:
    linked_phone(alice, service)
    service.status = 503
    change_password(alices)
    for _ in range(hours):
        sweep(deliver)
        clock.advance(timedelta(hours=1))
    service.status = 201

    assert len(alerts(service)) == arrived
    assert Message.objects.get(kind="push_alert").state == (State.SENT if arrived else State.EXPIRED)
