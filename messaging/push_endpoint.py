"""Where pushes may go. The address comes from a browser, so without these rules it would be a way into our network."""

from __future__ import annotations

import ipaddress
import re
import socket
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from django.conf import settings

LONGEST = 1000
# What is given out for hosts (IANA): not NAT64 (64:ff9b::/96 and 64:ff9b:1::/48), nor IPv4-compatible addresses.
UNICAST = ipaddress.ip_network("2000::/3")
TUNNELS = [ipaddress.ip_network(network) for network in ("2002::/16", "2001::/32")]  # 6to4, Teredo
HTTPS_PORT = 443
NAME = re.compile(r"[a-z0-9.-]+")  # so that no program reads the host differently

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotAllowed(Exception):
    """The portal does not send to this address. The reason is logged, so the address itself is not in it."""


@dataclass(frozen=True)
class Endpoint:
    """The address of a push service, as far as the list of hosts allows it."""

    url: str
    host: str
    port: int
    path: str
    is_loopback: bool  # a push service of the demo or the tests, over plain http

    @classmethod
    def parse(cls, url: str) -> Self:
        """Raises NotAllowed."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise NotAllowed("not an address") from None
        host = parts.hostname or ""
        is_plain = NAME.fullmatch(host) and url.isascii() and url.isprintable() and " " not in url
        if len(url) > LONGEST or not is_plain or "@" in parts.netloc or not is_listed(parts.scheme, host, port):
            raise NotAllowed("not a push service we send to")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        return cls(url, host, port or (HTTPS_PORT if parts.scheme == "https" else 80), path, parts.scheme == "http")

    @property
    def origin(self) -> str:
        """What VAPID calls the audience."""
        return f"http://{self.host}:{self.port}" if self.is_loopback else f"https://{self.host}"

    def resolve(self) -> str:
        """The address to connect to, looked up once: what was checked is what is connected to. Raises NotAllowed.

        A listed name may still lead into our own network, by a mistake or by somebody who holds its zone.
        """
        found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        addresses = [ipaddress.ip_address(str(info[4][0]).partition("%")[0]) for info in found]
        if not all(map(self._is_where_it_belongs, addresses)):
            raise NotAllowed("it leads to an address that is not public")
        return str(addresses[0])

    def _is_where_it_belongs(self, address: Address) -> bool:
        mapped = getattr(address, "ipv4_mapped", None) or address
        return mapped.is_loopback if self.is_loopback else is_public(mapped)


def is_public(address: Address) -> bool:
    """Whether it is a host of the internet.

    An IPv6 address that stands for an IPv4 one is none: the network at hand says where it leads, maybe to a machine
    inside it.
    """
    is_itself = address.version == 4 or (
        address in UNICAST and not any(address in network for network in TUNNELS) and not is_isatap(address)
    )
    return address.is_global and not address.is_multicast and is_itself


def is_isatap(address: Address) -> bool:
    """RFC 5214: the second half says 5efe, then an IPv4 address."""
    return (int(address) >> 32) & 0xFDFF_FFFF == 0x5EFE


def is_listed(scheme: str, host: str, port: int | None) -> bool:
    """Whether PUSH_ENDPOINT_HOSTS has it: a name, every name below one (*.example.org), or http://localhost."""
    if scheme == "http":
        return f"http://{host}" in settings.PUSH_ENDPOINT_HOSTS
    is_https = scheme == "https" and port in (None, HTTPS_PORT)
    return is_https and any(
        host.endswith(entry[1:]) if entry.startswith("*.") else host == entry for entry in settings.PUSH_ENDPOINT_HOSTS
    )
