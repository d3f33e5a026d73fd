"""What every method must keep, whatever it is; parametrised over the registry, so a new one is judged too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import django_otp
import pytest
from django.template.loader import get_template
from django.test import Client

from accounts.user.models import Protection
from audit.models import SecurityEvent
from tests.bed.people import give_password
from tests.twofactor.answers import ANSWERS
from twofactor import registry
from twofactor.second_factor import Devices, SecondFactor, verify

if TYPE_CHECKING:
    from accounts.user.models import User
    from twofactor.method import Method

every_method = pytest.mark.parametrize("method", registry.METHODS, ids=lambda method: method.slug)
pytestmark = pytest.mark.django_db


@every_method
def test_it_has_its_pages_and_templates(method: Method) -> None:
    get_template(method.challenge_template)
    get_template(method.device_template)
    get_template(f"twofactor/methods/{method.slug}/{method.page}.html")

    assert method.add_url.startswith(f"/2fa/{method.url_slug}/")
    assert method.challenge_url == f"/login/verify/{method.url_slug}/"


@every_method
def test_it_says_everything_that_pages_show(method: Method) -> None:
    for words in (method.label, method.summary, method.setup_time, method.ask_label, method.ask_detail):
        assert str(words)
    assert method.device_model.protection in Protection


def test_every_device_that_django_otp_can_find_belongs_to_one_method() -> None:
    known = {method.device_model for method in registry.METHODS}

    assert set(django_otp.device_classes()) == known
    assert len(known) == len(registry.METHODS)


@every_method
def test_a_right_answer_signs_in_once(method: Method, alice: User) -> None:
    answers = ANSWERS[method.slug](alice)
    first, second = Client(), Client()
    give_password(first, alice)
    give_password(second, alice)
    fields = answers.right(first)

    assert first.post(method.challenge_url, fields).status_code == 302
    assert first.get("/2fa/").status_code == 200
    assert second.post(method.challenge_url, fields).status_code == 422
    assert second.get("/2fa/").status_code == 302


@every_method
def test_the_answer_that_signed_in_does_not_confirm_as_well(method: Method, alice: User, client: Client) -> None:
    """TO-01, BC-02: spent is spent, whatever it was spent on."""
    answers = ANSWERS[method.slug](alice)
    give_password(client, alice)
    fields = answers.right(client)
    client.post(method.challenge_url, fields)

    assert client.get("/2fa/").status_code == 200
    assert client.post(f"/confirm/?method={method.url_slug}", fields).status_code == 422


@every_method
def test_a_right_answer_directly_after_a_wrong_one_counts(method: Method, alice: User, client: Client) -> None:
    answers = ANSWERS[method.slug](alice)
    give_password(client, alice)

    assert client.post(method.challenge_url, answers.wrong(client)).status_code == 422
    assert client.post(method.challenge_url, answers.right(client)).status_code == 302


@every_method
def test_a_wrong_answer_is_recorded_and_counts_against_the_budget(method: Method, alice: User, client: Client) -> None:
    answers = ANSWERS[method.slug](alice)
    give_password(client, alice)

    refused = [client.post(method.challenge_url, answers.wrong(client)).status_code for _ in range(11)]

    assert refused == [422] * 10 + [429 if method.challenge_form.is_guessable else 422]
    assert SecurityEvent.objects.filter(user=alice, slug="second_factor.failed").count() == refused.count(422)


@every_method
@pytest.mark.parametrize("fields", [{}, {"code": ""}, {"code": "x" * 5000}, {"code": "\x00"}, {"other": "123456"}])
def test_what_cannot_be_an_answer_is_refused_and_costs_nothing(
    method: Method, fields: dict[str, str], alice: User, client: Client
) -> None:
    answers = ANSWERS[method.slug](alice)
    give_password(client, alice)
    answers.wrong(client)  # a question that is still to be answered elsewhere is no failure yet

    refused = [client.post(method.challenge_url, fields).status_code for _ in range(11)]

    is_given_elsewhere = method.is_elsewhere  # the form is the answer, whatever stands in it
    assert refused == [422] * 11
    assert SecurityEvent.objects.filter(user=alice, slug="second_factor.failed").exists() == is_given_elsewhere
    assert client.get("/2fa/").status_code == 302


@every_method
def test_an_unconfirmed_device_is_not_asked(method: Method, alice: User) -> None:
    answers = ANSWERS[method.slug](alice)
    method.device_model.objects.update(confirmed=False)

    assert verify([Devices(method.device_model, user_id=alice.pk)], answers.token()) is None


@every_method
def test_somebody_elses_answer_does_not_count(method: Method, alice: User, bob: User, client: Client) -> None:
    ANSWERS[method.slug](alice)
    bobs = ANSWERS[method.slug](bob)
    give_password(client, alice)

    assert client.post(method.challenge_url, bobs.right(client)).status_code == 422


@every_method
@pytest.mark.parametrize("verdict", ["yes", 1, [True], object()], ids=["text", "one", "list", "object"])
def test_only_true_is_a_yes(
    method: Method, verdict: object, alice: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ANSWERS[method.slug](alice)
    give_password(client, alice)
    fields = answers.right(client)
    monkeypatch.setattr(method.device_model, "accepts", lambda _device, _answer: verdict)

    assert client.post(method.challenge_url, fields).status_code == 422
    assert client.get("/2fa/").status_code == 302


@every_method
def test_an_exception_in_the_method_refuses(
    method: Method, alice: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ANSWERS[method.slug](alice)
    give_password(client, alice)

    def broken(_device: SecondFactor, _answer: object) -> bool:
        raise RuntimeError("a bug")

    monkeypatch.setattr(method.device_model, "accepts", broken)
    refused = client.post(method.challenge_url, answers.right(client))

    assert refused.status_code == 422
    assert client.get("/2fa/").status_code == 302
    assert SecurityEvent.objects.filter(user=alice, slug="second_factor.failed").exists()


@every_method
def test_a_verdict_that_is_not_true_is_no(
    method: Method, alice: User, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = ANSWERS[method.slug](alice)
    give_password(client, alice)

    monkeypatch.setattr(method.device_model, "verify_token", lambda *_: "verified")

    assert client.post(method.challenge_url, answers.right(client)).status_code == 422
