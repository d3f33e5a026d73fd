"""A file of places, as GEOIP_FILE names one."""

from __future__ import annotations

LAUSANNE = {
    "city": {"names": {"en": "Lausanne", "de": "Lausanne", "it": "Losanna"}},
    "country": {"names": {"en": "Switzerland", "de": "Schweiz", "it": "Svizzera"}},
}

STRING, UINT16, UINT32, MAP, UINT64, ARRAY = 2, 5, 6, 7, 9, 11
EXTENDED = 7  # types above it have a byte of their own


def field(kind: int, size: int, content: bytes = b"") -> bytes:
    """A value as MaxMind's file format has it (maxmind.github.io/MaxMind-DB)."""
    head = bytes([kind << 5 | size]) if kind <= EXTENDED else bytes([size, kind - EXTENDED])
    return head + content


def encoded(value: object) -> bytes:
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        return field(MAP, len(value), b"".join(encoded(part) for pair in value.items() for part in pair))
    if isinstance(value, int):
        return field(UINT32, 4, value.to_bytes(4, "big"))
    return field(STRING, len(str(value)), str(value).encode())


def mmdb(found: object, *, below_128: object = None) -> bytes:
    """A file of one node: it says the same of every IPv4 address, or something else of those below 128.0.0.0."""
    metadata = {
        "binary_format_major_version": field(UINT16, 1, b"\x02"),
        "binary_format_minor_version": field(UINT16, 0),
        "build_epoch": field(UINT64, 1, b"\x01"),
        "database_type": "Test",
        "description": {},
        "ip_version": field(UINT16, 1, b"\x04"),
        "languages": field(ARRAY, 0),
        "node_count": 1,
        "record_size": field(UINT16, 1, b"\x18"),
    }
    records = [encoded(found), encoded(below_128 or found)]
    branches = [(1 + 16 + len(records[0])).to_bytes(3, "big"), (1 + 16).to_bytes(3, "big")]
    return b"".join([*branches, bytes(16), *records, b"\xab\xcd\xefMaxMind.com", encoded(metadata)])
