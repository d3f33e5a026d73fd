"""Every event says who, what, when, from where, in which request and by which method (HD-05, ASVS 16.2.1)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from audit.events import EVENTS
from audit.models import SecurityEvent
from audit.verify import Verification
from lib import clock as portal_clock
from lib.request_id import LONGEST
from tests.audit.stories import CURL, ELSEWHERE, FIREFOX, HOME, STORIES, Life

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from accounts.user.models import User
    from tests.bed.clock import TestClock


def test_every_event_has_a_story() -> None:
    assert set(STORIES) == set(EVENTS), "tests/audit/stories.py says how each event comes about"


@pytest.mark.parametrize("slug", EVENTS)
def test_it_says_everything(
    slug: str, alice: User, outbox: Callable[[], list[EmailMultiAlternatives]], clock: TestClock
) -> None:
    story = STORIES[slug]

    story.tell(Life(alice, outbox, clock))

    event = SecurityEvent.objects.filter(slug=slug).latest("pk")
    assert event.user_id is not None
    assert event.actor_id == (event.user_id if story.has_actor else None)
    assert timedelta(0) <= portal_clock.now() - event.created_at < timedelta(minutes=2)
    assert event.created_at.utcoffset() == timedelta(0)
    assert event.ip in {HOME, ELSEWHERE}
    assert event.user_agent in {FIREFOX, CURL}
    assert len(event.request_id) == (LONGEST if story.in_request else 0)
    assert event.details.get("method", "") == story.method
    assert not list(Verification())


def test_what_one_request_did_has_one_number(
    alice: User, outbox: Callable[[], list[EmailMultiAlternatives]], clock: TestClock
) -> None:
    STORIES["limit.closed"].tell(Life(alice, outbox, clock))

    last, closed = (
        SecurityEvent.objects.filter(slug=slug).latest("pk") for slug in ("password.failed", "limit.closed")
    )
    assert last.request_id == closed.request_id
    assert SecurityEvent.objects.values("request_id").distinct().count() == 5
