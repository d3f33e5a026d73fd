from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.conf import settings as portal_settings

from messaging.content import from_templates
from messaging.models import Message

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django import Settings


@pytest.fixture
def templates(tmp_path: Path, settings: Settings) -> None:
    folder = tmp_path / "messages" / "plain"
    folder.mkdir(parents=True)
    (folder / "subject.txt").write_text("{{ device }}\nfor {{ product_name }}\n")
    (folder / "email.txt").write_text("Hello {{ name }}, {{ device }}: {{ support_contact }}\n\n")
    (folder / "email.html").write_text("<p>{{ device }} {{ site_url }}</p>")
    settings.TEMPLATES = [portal_settings.TEMPLATES[0] | {"DIRS": [tmp_path]}]


@pytest.mark.usefixtures("templates")
def test_it_is_escaped_in_html_only_and_the_subject_is_one_line() -> None:
    content = from_templates(Message(kind="plain", recipient_name="D'Arcy"), {"device": "Tom & Jerry\r\nBcc: all"})
    assert content.subject == "Tom & Jerry Bcc: all for Sallyport"
    assert content.text.startswith("Hello D'Arcy, Tom & Jerry")
    assert content.text.endswith("support@sallyport.example\n")
    assert content.html == "<p>Tom &amp; Jerry\r\nBcc: all http://localhost:8000</p>"


@pytest.mark.usefixtures("templates")
def test_empty_parts_leave_no_hole_in_the_text() -> None:
    content = from_templates(Message(kind="plain", recipient_name="Lena"), {"device": "Phone\n\n \n\nThe end"})

    assert content.text.startswith("Hello Lena, Phone\n\nThe end")


@pytest.mark.django_db
def test_what_is_below_the_words_is_marked_as_a_signature() -> None:
    """With a blank after the dashes (RFC 3676 §4.3), else mail programs quote it in every answer."""
    content = from_templates(Message(kind="welcome", recipient_name="Lena"), {"login_id": "AB12345", "link": "x"})

    _words, below = content.text.split("\n-- \n")
    assert "never asks for your password" in below
