from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.utils import translation

from lib import place
from tests.bed.geoip import LAUSANNE, mmdb

if TYPE_CHECKING:
    from pathlib import Path


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
