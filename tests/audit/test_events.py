"""The catalogue is whole: each event has words and a place, and something records it."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import pytest
from django.conf import settings

from audit import events
from audit.events import EVENTS, Category, Event
from lib.templatetags.portal import icon

ROOT = Path(settings.BASE_DIR)
APPS = ("accounts", "audit", "config", "identity_check", "messaging", "organizations", "twofactor")
NAMED = {name: event for name, event in vars(events).items() if isinstance(event, Event)}


def names_used() -> set[str]:
    """The events that the code mentions as events.NAME."""
    trees = [ast.parse(file.read_text("utf-8")) for app in APPS for file in (ROOT / app).rglob("*.py")]
    return {
        node.attr
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "events"
    }


def test_no_two_events_share_a_slug() -> None:
    assert len(EVENTS) == len(NAMED)
    assert all(len(slug) <= 64 for slug in EVENTS)


def test_every_event_is_recorded_somewhere() -> None:
    assert not set(NAMED) - names_used()


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS)
def test_every_event_has_words_and_a_category(event: Event) -> None:
    words = str(event.words) % defaultdict(lambda: "something")

    assert words
    assert "%" not in words
    assert words[0] == words[0].upper()
    assert not words.endswith(".")
    assert event.category in Category


@pytest.mark.parametrize("category", Category)
def test_every_category_has_an_icon_and_events(category: Category) -> None:
    assert "<svg" in icon(category.icon)
    assert [event for event in EVENTS.values() if event.category == category]
