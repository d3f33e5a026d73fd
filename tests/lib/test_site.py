"""Links to pages, the same on every page and for everybody."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.template import engines
from django.urls import NoReverseMatch, reverse

from lib.site import path_of

if TYPE_CHECKING:
    from django.test import Client


def drawn(source: str) -> str:
    return str(engines["django"].from_string(source).render({"slug": "totp", "page": "home"}))


def test_a_page_is_found_by_its_name() -> None:
    assert path_of("accounts:login:sign_in") == reverse("accounts:login:sign_in") == "/login/"
    with pytest.raises(NoReverseMatch):
        path_of("accounts:login:nothing")


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("{% url 'accounts:login:sign_in' %}", "/login/"),
        ("{% url 'accounts:login:sign_in' as path %}{{ path }}|{{ path }}", "/login/|/login/"),
        ("{% url 'twofactor:challenge:answer' slug %}", "/login/verify/totp/"),
        ("{% url 'twofactor:challenge:answer' url_slug=slug as path %}{{ path }}", "/login/verify/totp/"),
        ("{% url page %}", "/"),
        ("{% url 'nothing' as path %}{{ path }}", ""),
    ],
)
def test_templates_link_as_with_djangos_tag(source: str, wanted: str) -> None:
    assert drawn(source) == wanted


def test_a_link_to_nowhere_is_an_error() -> None:
    with pytest.raises(NoReverseMatch):
        drawn("{% url 'nothing' %}")


@pytest.mark.django_db
def test_a_visitor_puts_no_path_before_the_links_of_others(client: Client) -> None:
    """Gunicorn believes a proxy's SCRIPT_NAME, and some proxies pass on whatever header they get."""
    path_of.cache_clear()

    page = client.get("/login/", SCRIPT_NAME="/evil").content.decode()

    assert "/evil" not in page
    assert path_of("accounts:password:forgot") == "/password/forgot/"
