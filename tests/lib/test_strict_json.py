"""JSON in which two readers could see different things is no JSON to us."""

from __future__ import annotations

import pytest

from lib import strict_json

REFUSED = [
    b"", b"{", b"[]", b"7", b"null", b'"x"', b'{"a":1,"a":2}', b'{"a":{"b":1,"b":1}}', b'{"a":NaN}', b'{"a":-Infinity}',
    b'{"a":"\xff"}', '{"a":1}'.encode("utf-16"), b'\xef\xbb\xbf{"a":1}', b'{"a":' + b"[" * 100_000,
    b'{"a":' + b"9" * 5000 + b"}", b'{"a":1} {}',
    rb'{"a":"\ud800"}', rb'{"a":"\udc00\ud800"}', rb'{"\ud800":1}', rb'{"a":"b\u0000"}', rb'{"\u0000":1}',
    rb'{"a":[[{"b":["\ud83d"]}]]}', rb'{"a":[{"\u0000":[]}]}', b'{"a":"\xed\xa0\x80"}', b'{"a":"\x00"}',
]  # fmt: skip


@pytest.mark.parametrize("raw", REFUSED, ids=lambda raw: str(raw[:30]))
def test_whatever_is_odd_is_refused(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        strict_json.read_object(raw)


def test_a_whole_pair_and_a_backslash_are_texts() -> None:
    assert strict_json.read_object(rb'{"a":"\ud83d\ude00","b":"\\u0000"}') == {"a": "\U0001f600", "b": r"\u0000"}


@pytest.mark.parametrize("raw", [b'{"a":{"b":[1,"\xc3\xa9"]}}', '{"a":{"b":[1,"é"]}}'], ids=["bytes", "text"])
def test_one_object_is_read(raw: str | bytes) -> None:
    assert strict_json.read_object(raw) == {"a": {"b": [1, "é"]}}
