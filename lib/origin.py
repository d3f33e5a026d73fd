"""Where a request came from. Actions take it as a value; nobody reaches for a hidden request."""

import ipaddress
import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any, Self

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

from lib import clock, crypto

USER_AGENT_LIMIT = 512
LONGEST_ADDRESS = 64  # as text, with brackets, a port and a zone
MOST_HOPS = 20
NAT64 = ipaddress.ip_network("64:ff9b::/96")  # the IPv4 internet as an IPv6 network may see it (RFC 6052)

WITH_PORT = re.compile(r"(?:\[(?P<v6>[^\]]*:[^\]]*)\]|(?P<v4>[0-9.]+))(?::[0-9]{1,5})?")

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
# What accounts.sessions.known_browser's cookie looks like: a random text for each of the last accounts.
MOST_KNOWN = 4
KNOWN_BROWSER = re.compile(rf"[\w-]{{43}}(?:\.[\w-]{{43}}){{0,{MOST_KNOWN - 1}}}", re.ASCII)

log = logging.getLogger("sallyport.origin")


@dataclass(frozen=True)
class Origin:
    """A network address and a user agent, both untrusted text of bounded length; which request, and who sent it.

    Nobody sends it as long as nobody is signed in: the right password alone, or a link from a mail, is not a person.
    """

    ip: str
    user_agent: str
    known_by: tuple[str, ...] = field(default=(), compare=False)  # digests of what the cookie says: who signed in here
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
    address = read_address(ip) or ipaddress.ip_address(NOWHERE.ip)
    if address in NAT64:
        address = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
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
    cookie = request.COOKIES.get(settings.KNOWN_BROWSER_COOKIE_NAME, "")
    return Origin(
        ip=client_ip(request),
        user_agent="".join(c if c.isprintable() else " " for c in agent),
        known_by=tuple(map(known_digest, cookie.split("."))) if KNOWN_BROWSER.fullmatch(cookie) else (),
        request_id=getattr(request, "request_id", ""),
        actor_id=user.pk if user is not None and user.is_authenticated else None,
    )


class Unreadable:
    """That a trusted proxy names visitors in a way we cannot read: then all of them share the proxy's own address.

    Of this process. Said once in the log, and by /healthz/ready for as long as it goes on.
    """

    SHOWN_FOR = timedelta(minutes=10)

    def __init__(self) -> None:
        self.last_at: datetime | None = None

    def note(self, hop: str) -> None:
        if not hop:  # the proxy itself asks, or whoever looks after it
            return
        if self.last_at is None:
            log.error("A trusted proxy's X-Forwarded-For cannot be read", extra={"forwarded": hop[:LONGEST_ADDRESS]})
        self.last_at = clock.now()

    @property
    def goes_on(self) -> bool:
        return self.last_at is not None and clock.now() - self.last_at < self.SHOWN_FOR


UNREADABLE = Unreadable()


def known_digest(token: str) -> str:
    """Of one account's text in the cookie."""
    return crypto.keyed_digest("known_browser", token)


def client_ip(request: HttpRequest) -> str:
    """The address of the person: the peer, or what a trusted proxy says of its own peer.

    X-Forwarded-For is read from the right, and only as far as trusted proxies wrote it; garbage in it stops the
    reading, so that nobody can choose the address their tries are counted under (authentik CVE-2024-47070).
    """
    peer = request.META.get("REMOTE_ADDR") or "127.0.0.1"  # a Unix socket has no address: its peer is this machine
    address = read_address(peer)
    hops = request.META.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", MOST_HOPS)
    while hops and address is not None and is_trusted_proxy(address):
        hop = hops.pop().strip()
        before = read_address(hop)
        if before is None:
            UNREADABLE.note(hop)
            break
        address = before
    return str(address) if address is not None else NOWHERE.ip


def read_address(text: str) -> Address | None:
    """An address as servers and proxies write them: alone, with a port, an IPv6 one in brackets or with a zone.

    An IPv4 one that a listener for both kinds shows as IPv6 (::ffff:10.0.0.5) is the IPv4 one.
    """
    text = text.strip()
    if len(text) > LONGEST_ADDRESS:
        return None
    found = WITH_PORT.fullmatch(text)
    bare = found["v6"] or found["v4"] if found else text
    try:
        address = ipaddress.ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def is_trusted_proxy(address: Address) -> bool:
    return any(address in network for network in _trusted(tuple(settings.TRUSTED_PROXIES)))


@cache
def _trusted(networks: tuple[str, ...]) -> list[Network]:
    return [read_network(network) for network in networks]


def read_network(text: str) -> Network:
    """Raises ValueError. One of IPv4 addresses written as IPv6 is the IPv4 one, as the addresses are."""
    network = ipaddress.ip_network(text, strict=False)
    mapped = getattr(network.network_address, "ipv4_mapped", None)
    return ipaddress.ip_network((mapped, network.prefixlen - 96)) if mapped and network.prefixlen >= 96 else network
