"""People read pages in their own language and time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.utils import timezone, translation

from accounts.user.middleware import PersonalMiddleware
from accounts.user.models import User
from tests.bed.people import give_password

if TYPE_CHECKING:
    from pytest_django.fixtures import SettingsWrapper


@pytest.fixture
def whole_french(settings: SettingsWrapper) -> None:
    """As if our catalogue for it were there."""
    settings.LANGUAGES = [*settings.LANGUAGES, ("fr", "French")]


@pytest.fixture
def francophone(alice: User) -> Client:
    User.objects.filter(pk=alice.pk).update(language="fr", time_zone="Europe/Zurich")
    client = Client(HTTP_ACCEPT_LANGUAGE="de")
    give_password(client, alice)
    return client


@pytest.mark.usefixtures("whole_french")
def test_a_page_is_in_the_persons_language_whatever_the_browser_says(francophone: Client) -> None:
    answer = francophone.get("/password/")

    assert '<html lang="fr"' in answer.content.decode()
    assert answer.headers["Content-Language"] == "fr"


@pytest.mark.django_db
def test_a_visitor_reads_in_the_browsers_language() -> None:
    answer = Client().get("/login/", HTTP_ACCEPT_LANGUAGE="en")

    assert '<html lang="en"' in answer.content.decode()
    assert answer.headers["Content-Language"] == "en"


def test_language_and_time_zone_end_with_the_request(francophone: Client) -> None:
    before = (translation.get_language(), timezone.get_current_timezone_name())

    francophone.get("/password/")

    assert (translation.get_language(), timezone.get_current_timezone_name()) == before


def test_times_are_the_persons(alice: User, bob: User) -> None:
    User.objects.filter(pk=alice.pk).update(time_zone="Europe/Zurich")
    shows_time_zone = PersonalMiddleware(lambda _request: HttpResponse(timezone.get_current_timezone_name()))
    seen = []

    for user in (User.objects.get(pk=alice.pk), bob, AnonymousUser()):
        request = RequestFactory().get("/")
        request.user = user
        seen.append(shows_time_zone(request).content.decode())

    assert seen == ["Europe/Zurich", "UTC", "UTC"]


@pytest.mark.parametrize("time_zone", ["Nowhere/Land", "", "../../etc/passwd"])
def test_a_time_zone_that_is_gone_is_utc(alice: User, time_zone: str) -> None:
    """Zones are renamed and dropped by tzdata: nobody's pages may break for it."""
    User.objects.filter(pk=alice.pk).update(time_zone=time_zone)
    client = Client()
    give_password(client, alice)

    assert client.get("/password/").status_code == 200
