"""What is written down (HD-04, HD-05)."""

from __future__ import annotations

import logging
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest
from django.db import transaction
from django.test import Client

from audit import events
from audit.actions import record
from audit.events import EVENTS, Event
from audit.models import SecurityEvent
from lib.origin import Origin
from messaging.models import Message
from tests.bed.people import give_password

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from accounts.user.models import User

HERE = Origin(ip="203.0.113.7", user_agent="Firefox")


def test_a_record_says_who_what_when_and_where(alice: User) -> None:
    row = record(events.METHOD_ADDED, user=alice, origin=HERE, method="totp", name="Phone")

    row.refresh_from_db()
    assert (row.user, row.slug, row.ip, row.user_agent) == (alice, "method.added", HERE.ip, "Firefox")
    assert row.created_at.utcoffset() is not None
    assert row.words == "“Phone” was added as a second step"


def test_the_same_stands_in_the_log(alice: User, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "sallyport.audit"):
        row = record(events.METHOD_ADDED, user=alice, origin=HERE, method="totp", name="Phone")

    line = caplog.records[-1]
    assert line.getMessage() == "method.added"
    fields = vars(line)
    assert (fields["event"], fields["user_id"], fields["ip"]) == (row.pk, alice.pk, HERE.ip)
    assert fields["detail_method"] == "totp"


@pytest.mark.parametrize(
    "name", ["name", "message", "args", "levelname", "exc_info", "asctime", "msg", "user_id", "ip"]
)
def test_no_detail_breaks_or_forges_a_log_line(alice: User, caplog: pytest.LogCaptureFixture, name: str) -> None:
    with caplog.at_level(logging.INFO, "sallyport.audit"):
        record(events.CONFIRMED, user=alice, origin=HERE, **{name: "forged"})

    line = caplog.records[-1]
    assert (line.getMessage(), line.levelname, vars(line)["user_id"]) == ("confirmed", "INFO", alice.pk)


def test_names_with_percent_signs_or_lines_are_only_names(alice: User) -> None:
    row = record(events.METHOD_ADDED, user=alice, origin=HERE, method="totp", name="%(x)s %s\r\nX: y")

    assert row.words == "“%(x)s %s\r\nX: y” was added as a second step"


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS.keys())
def test_every_event_that_alerts_is_told_to_its_owner_and_no_other_is(
    alice: User, outbox: Callable[[], list[EmailMultiAlternatives]], event: Event
) -> None:
    record(event, user=alice, origin=HERE, method="totp", name="Phone", old_name="Old")

    assert [mail.to for mail in outbox()] == ([[alice.email]] if event.alerts else [])


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS.keys())
@pytest.mark.django_db
def test_what_happens_to_nobody_is_told_to_nobody(event: Event) -> None:
    record(event, user=None, origin=HERE)

    assert not Message.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_record_message_and_change_stand_or_fall_together(alice: User) -> None:
    def fail() -> None:
        with transaction.atomic():
            record(events.PASSWORD_CHANGED, user=alice, origin=HERE)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert not SecurityEvent.objects.exists()
    assert not Message.objects.exists()


def test_a_hostile_user_agent_is_kept_as_one_short_line(alice: User) -> None:
    agent = 'x\r\n{"event": 1}\x1b[2J\u202e' + "y" * 100_000

    give_password(Client(HTTP_USER_AGENT=agent), alice)

    row = SecurityEvent.objects.get(slug="signed_in")
    assert len(row.user_agent) <= 512
    assert row.user_agent.isprintable()


def test_slugs_are_unique_and_words_fit_their_details() -> None:
    declared = [event for event in vars(events).values() if isinstance(event, Event)]

    assert len({event.slug for event in declared}) == len(declared)
    for event in declared:
        assert str(event.words) % defaultdict(str)
