"""Production settings: safe as they are, and refused when they are not."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.bed import production
from tests.bed.servers import database_in_use, gunicorn_running

if TYPE_CHECKING:
    from collections.abc import Iterator


def manage(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        env=production.environment(**environment),
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_deployment_checks_find_nothing() -> None:
    checked = manage("check", "--deploy", "--fail-level", "WARNING")

    assert checked.returncode == 0, checked.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("SECRET_KEY", ""),
        ("PORTAL_KEYS", ""),
        ("PORTAL_KEYS", "k1:not-base64"),
        ("SITE_URL", f"http://{production.HOST}"),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", ""),
        ("REDIS_URL", ""),
        ("EMAIL_URL", ""),
        ("SUPPORT_CONTACT", ""),
        ("SALLYPORT_DEMO", "1"),
        ("PORTAL_TESTING", "1"),
        ("PORTAL_TEST_CLOCK", "clock"),
        ("FAILPOINT", "anything:exit"),
        ("SIGNUP", "whatever"),
    ],
)
def test_no_process_starts_with_unsafe_settings(name: str, value: str) -> None:
    started = manage("check", **{name: value})

    assert started.returncode != 0
    assert name in started.stderr


@pytest.fixture(scope="module")
def portal_url(django_db_setup: None) -> Iterator[str]:  # noqa: ARG001 - order matters
    """A portal with production settings."""
    environment = production.environment(DATABASE_URL=database_in_use(), TRUSTED_PROXIES="127.0.0.1")
    with gunicorn_running(workers=1, environment=environment) as server:
        yield server.url


@pytest.fixture
def portal(transactional_db: None, portal_url: str) -> Iterator[httpx.Client]:  # noqa: ARG001 - the server uses its database
    """A browser there, behind a proxy that speaks https."""
    behind_proxy = {"Host": production.HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
    with httpx.Client(base_url=portal_url, headers=behind_proxy) as client:
        yield client


def test_cookies_belong_to_the_host_and_to_https(portal: httpx.Client) -> None:
    cookies = portal.get("/login/").headers.get_list("set-cookie")

    assert cookies, "no cookie was set: nothing was tested"
    for cookie in cookies:
        flags = {flag.strip().lower() for flag in cookie.split(";")[1:]}
        assert cookie.startswith("__Host-")
        assert {"secure", "httponly", "path=/"} <= flags
        assert flags & {"samesite=lax", "samesite=strict"}


def test_http_is_sent_to_https_and_stays_there(portal: httpx.Client) -> None:
    over_http = portal.get("/login/", headers={"X-Forwarded-Proto": "http"})

    assert over_http.status_code == 301
    assert over_http.headers["location"] == f"https://{production.HOST}/login/"
    assert "max-age=31536000; includeSubDomains" in portal.get("/login/").headers["strict-transport-security"]


def test_another_host_name_is_refused(portal: httpx.Client) -> None:
    assert portal.get("/login/", headers={"Host": "evil.example"}).status_code == 400


def test_the_demo_mailbox_is_not_there(portal: httpx.Client) -> None:
    assert portal.get("/demo/messages.json").status_code == 404
