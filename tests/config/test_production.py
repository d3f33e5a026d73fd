"""A production as it stands behind its proxy: cookies, redirects, hosts (SE-07, AI-03, HD-01)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from tests.bed.people import PASSWORD
from tests.bed.servers import as_in_tests, gunicorn_running

if TYPE_CHECKING:
    from collections.abc import Iterator

    from accounts.user.models import User

HOST = "portal.example"
SETTINGS = {
    "PUSH_ENDPOINT_HOSTS": "fcm.googleapis.com",
    "PORTAL_TESTING": "",
    "PORTAL_TEST_CLOCK": "",
    "SITE_URL": f"https://{HOST}",
    "ALLOWED_HOSTS": HOST,
    "TRUSTED_PROXIES": "127.0.0.1",
    "EMAIL_URL": "smtp://127.0.0.1:9",
    "SUPPORT_CONTACT": "help@portal.example",
    "ARGON2_TIME_COST": "1",
    "ARGON2_MEMORY_KIB": "8",
}
FROM_PROXY = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}


class Browser:
    """Keeps cookies as a browser on https would; httpx sees http and would not send Secure ones."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=url, headers=FROM_PROXY)
        self.jar: dict[str, str] = {}
        self.set_cookies: list[str] = []

    def ask(self, method: str, path: str, **fields: str) -> httpx.Response:
        cookies = "; ".join(f"{name}={value}" for name, value in self.jar.items())
        headers = {"Cookie": cookies, "Referer": f"https://{HOST}{path}"}
        answer = self.http.request(method, path, data=fields or None, headers=headers)
        for cookie in answer.headers.get_list("Set-Cookie"):
            self.set_cookies.append(cookie)
            name, _equals, rest = cookie.partition("=")
            self.jar[name] = rest.partition(";")[0]
        self.http.cookies.clear()
        return answer

    def sign_in(self, user: User) -> httpx.Response:
        page = self.ask("GET", "/login/").text
        token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
        return self.ask("POST", "/login/", login=user.email, password=PASSWORD, csrfmiddlewaretoken=token)


@pytest.fixture(scope="module")
def production(django_db_setup: None) -> Iterator[str]:  # noqa: ARG001 - order matters
    with gunicorn_running(workers=1, environment=as_in_tests() | SETTINGS) as (url, _pid):
        yield url


@pytest.fixture
def visitor(transactional_db: None, production: str) -> Browser:  # noqa: ARG001 - the server reads the test's rows
    return Browser(production)


def test_people_sign_in_and_every_cookie_is_bound_to_the_host(alice: User, visitor: Browser) -> None:
    answer = visitor.sign_in(alice)
    page = visitor.ask("GET", "/password/")

    assert (answer.status_code, page.status_code) == (302, 200)
    names = {cookie.partition("=")[0] for cookie in visitor.set_cookies}
    assert names == {"__Host-session", "__Host-csrf", "__Host-known"}
    for cookie in visitor.set_cookies:
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= attributes
        assert not any(attribute.startswith("domain") for attribute in attributes)
        assert len(cookie) <= 4096


def test_the_language_cookie_too(visitor: Browser) -> None:
    page = visitor.ask("GET", "/login/").text
    token = page.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]

    visitor.ask("POST", "/language/", language="en", next="/login/", csrfmiddlewaretoken=token)

    cookie = next(cookie for cookie in visitor.set_cookies if cookie.startswith("__Host-language="))
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= {part.strip() for part in cookie.split(";")}


def test_browsers_are_kept_on_https(visitor: Browser) -> None:
    hsts = visitor.ask("GET", "/login/").headers["Strict-Transport-Security"]
    plain = visitor.http.get("/login/", headers={"X-Forwarded-Proto": "http"})

    assert hsts == "max-age=31536000; includeSubDomains; preload"
    assert (plain.status_code, plain.headers["Location"]) == (301, f"https://{HOST}/login/")


@pytest.mark.parametrize("host", ["evil.example", "localhost", f"{HOST}.evil.example", f"evil.{HOST}", "127.0.0.1"])
def test_no_other_host_is_answered(visitor: Browser, host: str) -> None:
    answer = visitor.http.get("/login/", headers={"Host": host})

    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_another_sites_form_is_refused(alice: User, visitor: Browser) -> None:
    visitor.sign_in(alice)

    for origin in ("https://evil.example", "null", f"http://{HOST}", f"https://{HOST}.evil.example"):
        cookies = "; ".join(f"{name}={value}" for name, value in visitor.jar.items())
        answer = visitor.http.post("/logout/", headers={"Cookie": cookies, "Origin": origin})
        assert answer.status_code == 403, origin


def test_the_demos_mailbox_is_not_there(visitor: Browser) -> None:
    assert visitor.ask("GET", "/demo/messages/").status_code == 404
    assert visitor.ask("GET", "/demo/messages.json").status_code == 404
