"""A language is spoken whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.test import Client

from accounts.models import SignUp
from accounts.user.models import User
from lib import languages
from tests.bed.people import PASSWORD, give_password

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from django.core.mail import EmailMultiAlternatives

WHOLE = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\nmsgid "Yes"\nmsgstr "Ja"\n'
GERMAN = {"HTTP_ACCEPT_LANGUAGE": "de-CH,de;q=0.9"}


@pytest.mark.parametrize(
    ("more", "is_whole"),
    [
        ("", True),
        ('\nmsgid "No"\nmsgstr ""\n', False),
        ('\n#, fuzzy\nmsgid "No"\nmsgstr "Nein"\n', False),
        ('\nmsgid "%d day"\nmsgid_plural "%d days"\nmsgstr[0] "%d Tag"\nmsgstr[1] ""\n', False),
        ('\nmsgid "%d day"\nmsgid_plural "%d days"\nmsgstr[0] "%d Tag"\nmsgstr[1] "%d Tage"\n', True),
    ],
)
def test_a_catalogue_with_a_hole_is_none(more: str, is_whole: bool, tmp_path: Path) -> None:
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    folder.joinpath("django.po").write_text(WHOLE + more, encoding="utf-8")
    assert [code for code, _name in languages.whole_in(tmp_path, own="en")] == ["en"], "not compiled"

    folder.joinpath("django.mo").touch()

    spoken = [code for code, _name in languages.whole_in(tmp_path, own="en")]
    assert spoken == (["en", "de"] if is_whole else ["en"])


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/login/", "/signup/", "/nowhere/", "/authenticator/", "/logout/"])
def test_a_language_that_we_do_not_speak_is_not_guessed(path: str) -> None:
    page = Client().get(path, **GERMAN)

    assert page.headers["Content-Language"] == "en"
    assert '<html lang="en"' in page.content.decode()


@pytest.mark.django_db
def test_nor_chosen_nor_stored() -> None:
    browser = Client()
    fields = {"email": "new@alpina.example", "name": "N", "password": "Nine-Herons-Wait-By-Ponds", "country": "CH"}

    assert browser.post("/language/", {"language": "de"}).status_code == 400
    assert "language" not in browser.cookies
    assert browser.post("/signup/", fields, **GERMAN).status_code == 302
    assert SignUp.objects.get().language == "en"


def test_what_was_stored_before_is_read_as_ours(
    alice: User, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    User.objects.filter(pk=alice.pk).update(language="de")
    browser = Client(**GERMAN)
    give_password(browser, alice)

    page = browser.get("/password/")
    browser.post("/password/", {"current_password": PASSWORD, "password": "Nine-Herons-Wait-By-Ponds"})

    assert '<html lang="en"' in page.content.decode()
    assert "Passwort" not in page.content.decode()
    assert '<option value="en" selected lang="en">' in browser.get("/settings/").content.decode()
    assert "Time:" in outbox()[-1].body
    assert "Zeit" not in outbox()[-1].body
