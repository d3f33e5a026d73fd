"""Where a request came from. Actions take it as a value; nobody reaches for a hidden request."""

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache
from typing import Any, Self

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from lib import crypto

USER_AGENT_LIMIT = 512


@dataclass(frozen=True)
class Origin:
    """A network address and a user agent, both untrusted text of bounded length; which request, and who sent it.

    Nobody sends it as long as nobody is signed in: the right password alone, or a link from a mail, is not a person.
    """

    ip: str
    user_agent: str
    browser: str = field(default="", compare=False)  # the digest of what a remembered browser would show
    request_id: str = field(default="", compare=False)
    actor_id: int | None = field(default=None, compare=False)

    def by(self, user: Any) -> Self:
        """The same, sent by this person, who has just been recognised."""
        return replace(self, actor_id=user.pk)

    @property
    def network(self) -> str:
        """The /24 (IPv4) or /48 (IPv6) around the address: what one household or one attacker can hold."""
        return _network_of(self.ip)

    @property
    def network_digest(self) -> str:
        """The network as stored: recognisable again, not readable."""
        return crypto.keyed_digest("network", self.network)


NOWHERE = Origin(ip="0.0.0.0", user_agent="")  # noqa: S104 - commands and workers, not an address to bind to


@lru_cache(maxsize=1024)
def _network_of(ip: str) -> str:
    address = ipaddress.ip_address(ip)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    prefix = 24 if address.version == 4 else 48
    return str(ipaddress.ip_network(f"{address}/{prefix}", strict=False))


class OriginMiddleware:
    """Puts request.origin on every request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.origin = SimpleLazyObject(lambda: origin_of(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def origin_of(request: HttpRequest) -> Origin:
    agent = request.META.get("HTTP_USER_AGENT", "")[:USER_AGENT_LIMIT]
    user = getattr(request, "user", None)
    cookie = request.COOKIES.get(settings.BROWSER_COOKIE_NAME, "")
    return Origin(
        ip=client_ip(request),
        user_agent="".join(c if c.isprintable() else " " for c in agent),
        browser=crypto.keyed_digest("browser", cookie) if cookie else "",
        request_id=getattr(request, "request_id", ""),
        actor_id=user.pk if user is not None and user.is_authenticated else None,
    )


def client_ip(request: HttpRequest) -> str:
    """The address of the person: the peer, or what a trusted proxy says of its own peer.

    X-Forwarded-For is read from the right, and only as far as trusted proxies wrote it; garbage in it stops the
    reading, so that nobody can choose the address their tries are counted under (authentik CVE-2024-47070).
    """
    address = request.META.get("REMOTE_ADDR") or "127.0.0.1"  # a Unix socket has no address: its peer is this machine
    hops = [hop.strip() for hop in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    while hops and is_trusted_proxy(address) and is_address(hops[-1]):
        address = hops.pop()
    return address if is_address(address) else NOWHERE.ip


def is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def is_trusted_proxy(address: str) -> bool:
    return is_address(address) and any(
        ipaddress.ip_address(address) in network for network in _trusted(tuple(settings.TRUSTED_PROXIES))
    )


@cache
def _trusted(networks: tuple[str, ...]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(network, strict=False) for network in networks]
