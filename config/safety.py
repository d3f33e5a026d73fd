"""Settings that must not go into production: every process refuses to start with them (ASVS 13.4.2)."""

import base64
import ipaddress
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config import mailbox

LONGEST_NAMES = {"PRODUCT_NAME": 64, "SUPPORT_CONTACT": 254}
UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}  # of Unicode's categories
SIGNUP_MODES = ("open", "invitation", "closed")
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def refuse_unsafe(settings: Mapping[str, Any], environ: Mapping[str, str]) -> None:
    """Raise ImproperlyConfigured that names everything wrong at once."""
    problems = list(anywhere(settings))
    if settings["PRODUCTION"]:
        problems += [*in_production(settings), *mail(settings), *left_from_tests(environ)]
    elif settings["HTTPS"]:
        problems.append(
            "SALLYPORT_DEMO and PORTAL_TESTING are for http on this machine: unset them, or SITE_URL=https://…"
        )
    if problems:
        raise ImproperlyConfigured("Sallyport does not start like this:\n" + "\n".join(f"  - {p}" for p in problems))


def anywhere(settings: Mapping[str, Any]) -> Iterator[str]:
    if settings["SIGNUP"] not in SIGNUP_MODES:
        yield f"SIGNUP must be one of {', '.join(SIGNUP_MODES)}"
    if not all(map(is_network, settings["TRUSTED_PROXIES"])):
        yield "TRUSTED_PROXIES must be addresses or networks such as 10.0.0.0/24, with commas between"
    yield from names(settings)
    yield from passkeys(settings)
    yield from keys(settings)
    yield from push(settings)


def names(settings: Mapping[str, Any]) -> Iterator[str]:
    """What stands in pages, mails, code apps and file names."""
    for name, longest in LONGEST_NAMES.items():
        if not is_one_line(settings[name]) or len(settings[name]) > longest:
            yield f"{name} must be one line of at most {longest} characters, without marks that cannot be seen"
    if not settings["PRODUCT_NAME"].strip():
        yield "PRODUCT_NAME must have a character"
    if not is_one_line(settings["DEFAULT_FROM_EMAIL"]):
        yield "MAIL_FROM must be one line"


def is_one_line(text: str) -> bool:
    """No control characters, line breaks, direction marks or halves of characters."""
    return not any(unicodedata.category(character) in UNSEEN for character in text)


def push(settings: Mapping[str, Any]) -> Iterator[str]:
    if settings["PUSH_NUMBER_DIGITS"] not in range(2, 7):
        yield "PUSH_NUMBER_DIGITS must be from 2 to 6"
    if settings["VAPID_PRIVATE_KEY"] and not is_vapid_key(settings["VAPID_PRIVATE_KEY"]):
        yield "VAPID_PRIVATE_KEY must be the 32 bytes of a P-256 private key as base64url"
    if settings["VAPID_PRIVATE_KEY"] and not settings["VAPID_SUBJECT"].startswith(
        ("mailto:", "https://", "http://localhost")
    ):
        yield "VAPID_SUBJECT must be mailto:… or https://…: push services write there when something is wrong"
    if settings["PRODUCTION"] and any("/" in host or host in {"*", "*."} for host in settings["PUSH_ENDPOINT_HOSTS"]):
        yield "PUSH_ENDPOINT_HOSTS must be names such as fcm.googleapis.com or *.push.apple.com"


def is_vapid_key(text: str) -> bool:
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return False
    return len(raw) == 32 and 0 < int.from_bytes(raw, "big") < P256_ORDER


def passkeys(settings: Mapping[str, Any]) -> Iterator[str]:
    host = urlsplit(settings["SITE_URL"]).hostname or ""
    if host and host != settings["PASSKEY_RP_ID"] and not host.endswith("." + settings["PASSKEY_RP_ID"]):
        yield "PASSKEY_RP_ID must be the host of SITE_URL, or a domain that it is part of"
    if not all(map(is_https_origin, settings["PASSKEY_RELATED_ORIGINS"])):
        yield "PASSKEY_RELATED_ORIGINS must be origins such as https://example.ch, with commas between"


def is_https_origin(text: str) -> bool:
    parts = urlsplit(text)
    return bool(parts.hostname) and text == f"https://{parts.netloc}"


def keys(settings: Mapping[str, Any]) -> Iterator[str]:
    # A comma at the end counts as an entry: the last key makes digests and links, and an empty one anybody knows.
    entries = [entry.strip() for entry in settings["PORTAL_KEYS"].split(",")]
    if entries == [""]:
        yield "PORTAL_KEYS is missing: kid:base64 of 32 random bytes (openssl rand -base64 32), the first is active"
    elif not all(map(is_key, entries)):
        yield "PORTAL_KEYS must be kid:base64 entries of exactly 32 bytes, with commas between"
    elif len({entry.partition(":")[0] for entry in entries}) < len(entries):
        yield "PORTAL_KEYS must give each key a name of its own: what is sealed names its key"


def is_key(entry: str) -> bool:
    kid, colon, encoded = entry.partition(":")
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        return False
    return bool(kid and colon and kid.isalnum()) and len(key) == 32


def is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return True


def is_random(secret: str) -> bool:
    """Long, of many different characters, and not what a project template put there."""
    return len(secret) >= 50 and len(set(secret)) > 10 and not secret.startswith("django-insecure-")


def in_production(settings: Mapping[str, Any]) -> Iterator[str]:
    if not is_random(settings["SECRET_KEY"]):
        yield "SECRET_KEY must be at least 50 random characters"
    if not settings["HTTPS"]:
        yield "SITE_URL must start with https://"
    if not settings["ALLOWED_HOSTS"] or any("*" in host for host in settings["ALLOWED_HOSTS"]):
        yield "ALLOWED_HOSTS must name the hosts, without *"
    for name in ("REDIS_URL", "SUPPORT_CONTACT"):
        if not settings[name]:
            yield f"{name} is missing"


def mail(settings: Mapping[str, Any]) -> Iterator[str]:
    if not settings["EMAIL_URL"]:
        yield "EMAIL_URL is missing"
    elif not settings["EMAIL_BACKEND"].endswith("smtp.EmailBackend"):
        yield "EMAIL_URL must start with smtp:// or smtps://, or submission:// for STARTTLS"
    if not mailbox.is_sender(settings["DEFAULT_FROM_EMAIL"]):
        yield "MAIL_FROM must be an address, or a name and an address: Sallyport <no-reply@account.example.org>"


def left_from_tests(environ: Mapping[str, str]) -> Iterator[str]:
    for name in ("PORTAL_TEST_CLOCK", "FAILPOINT"):
        if environ.get(name) or environ.get(f"{name}_FILE"):
            yield f"{name} is for tests only"
