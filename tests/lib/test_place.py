from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import translation

from lib import place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pytest_django.fixtures import SettingsWrapper

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


def mmdb(found: object) -> bytes:
    """A file that says the same of every IPv4 address: one node, both of whose branches lead to the record."""
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
    record = (1 + 16).to_bytes(3, "big")
    return record * 2 + bytes(16) + encoded(found) + b"\xab\xcd\xefMaxMind.com" + encoded(metadata)


@pytest.fixture(autouse=True)
def fresh_reader() -> Iterator[None]:
    place._reader.cache_clear()  # noqa: SLF001 - the file is opened once a process
    yield
    place._reader.cache_clear()  # noqa: SLF001


@pytest.fixture
def geoip(tmp_path: Path, settings: SettingsWrapper) -> Path:
    """The file in use; write to it before the first look-up."""
    file = tmp_path / "places.mmdb"
    file.write_bytes(mmdb(LAUSANNE))
    settings.GEOIP_FILE = str(file)
    return file


def test_without_a_file_every_place_is_unknown() -> None:
    assert place.approximate_place("203.0.113.9") == ""


@pytest.mark.usefixtures("geoip")
@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Lausanne, Switzerland"), ("it", "Losanna, Svizzera"), ("de", "Lausanne, Schweiz"),
     ("es", "Lausanne, Switzerland")],
)  # fmt: skip
def test_a_place_is_named_in_the_readers_language(language: str, words: str) -> None:
    with translation.override(language):
        assert place.approximate_place("203.0.113.9") == words


@pytest.mark.parametrize("found", [{}, {"city": "Lausanne"}, {"city": {"names": "x"}, "country": {}}, "text", 7])
def test_a_record_of_another_shape_is_an_unknown_place(geoip: Path, found: object) -> None:
    geoip.write_bytes(mmdb(found))

    assert place.approximate_place("203.0.113.9") == ""


@pytest.mark.usefixtures("geoip")
@pytest.mark.parametrize("ip", ["2001:db8::1", "fe80::1%eth0", "garbage"])
def test_an_address_that_the_file_cannot_hold_is_an_unknown_place(ip: str) -> None:
    assert place.approximate_place(ip) == ""


@pytest.mark.parametrize("content", [None, b"", b"no mmdb", mmdb(LAUSANNE)[:30]], ids=["gone", "empty", "other", "cut"])
def test_a_broken_file_keeps_nobody_out(geoip: Path, content: bytes | None) -> None:
    geoip.unlink()
    if content is not None:
        geoip.write_bytes(content)

    assert place.approximate_place("203.0.113.9") == ""
