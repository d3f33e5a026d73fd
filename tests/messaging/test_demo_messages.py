from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from messaging.actions import deliver
from messaging.models import DemoMessage, Message, State

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.test import Client
    from pytest_django import Settings

    Waiting = Callable[..., Message]

PAGES = ("/demo/messages/", "/demo/messages.json")


@pytest.fixture(autouse=True)
def demo_channel(settings: Settings) -> None:
    settings.MESSAGE_CHANNELS = {"email": "messaging.demo"}


def test_everything_sent_can_be_read_newest_first(client: Client, waiting: Waiting) -> None:
    for number in (1, 2):
        deliver(waiting(channel="email", details={"number": number}).pk)
    newest, oldest = client.get("/demo/messages.json").json()
    assert newest.keys() == {"id", "channel", "to", "subject", "text", "created_at"}
    assert (newest["channel"], newest["to"], newest["subject"]) == ("email", "lena@alpina.example", "Greetings")
    assert newest["text"] == "Lena Keller, number 2.\n"
    assert oldest["text"] == "Lena Keller, number 1.\n"


def test_the_page_shows_them_to_visitors(client: Client, waiting: Waiting) -> None:
    deliver(waiting(channel="email").pk)
    answer = client.get("/demo/messages/")
    assert answer.status_code == 200
    assert "Greetings" in answer.text


def test_a_second_try_keeps_one(waiting: Waiting) -> None:
    message = waiting(channel="email")
    deliver(message.pk)
    Message.objects.update(state=State.NEW)  # as after a crash before it was marked sent
    deliver(message.pk)
    message.refresh_from_db()
    assert (message.state, message.tries, DemoMessage.objects.count()) == (State.SENT, 2, 1)


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.django_db
def test_a_real_portal_has_no_such_page(client: Client, settings: Settings, page: str) -> None:
    settings.DEMO = settings.TESTING = False
    assert client.get(page).status_code == 404


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.django_db
def test_it_is_for_reading_only(client: Client, page: str) -> None:
    assert client.post(page).status_code == 405
