"""CBOR as keys write it (CTAP 2.2 §8): where an item ends, that it is nothing fancier, and that nothing follows.

The library that decodes it takes more: tags that make dates, patterns and numbers of any size of what a stranger sent,
and bytes behind the end.
"""

from __future__ import annotations

MOST_DEEP = 4
NUMBER, NEGATIVE, BYTES, TEXT, ARRAY, MAP, _TAG, SIMPLE = range(8)
SIMPLE_VALUES = {20, 21, 22}  # false, true, null
# Of authenticator data (WebAuthn L3 §6.1)
FLAGS_AT, DATA_AT, ID_LENGTH_AT, ID_AT = 32, 37, 53, 55
HAS_KEY, HAS_EXTENSIONS = 0x40, 0x80


def require_one(raw: bytes) -> None:
    """Raises ValueError or IndexError for anything but one item."""
    if _end_of(raw, 0) != len(raw):
        raise ValueError("something follows")


def require_data(raw: bytes) -> None:
    """The same of what a key says of itself: its parts end where it ends."""
    flags, at = raw[FLAGS_AT], DATA_AT
    if flags & HAS_KEY:
        at = _end_of(raw, ID_AT + int.from_bytes(raw[ID_LENGTH_AT:ID_AT], "big"))
    if flags & HAS_EXTENSIONS:
        at = _end_of(raw, at)
    if at != len(raw):
        raise ValueError("something follows")


def _end_of(raw: bytes, at: int, deep: int = MOST_DEEP) -> int:
    """Where the item ends that begins there."""
    kind, value, at = _head(raw, at)
    if kind in {BYTES, TEXT}:
        at += value
    elif kind in {ARRAY, MAP}:
        for _part in range(value * (2 if kind == MAP else 1)):
            at = _end_of(raw, at, _one_less(deep))
    elif kind not in {NUMBER, NEGATIVE} and not (kind == SIMPLE and value in SIMPLE_VALUES):
        raise ValueError("no such item")
    if at > len(raw):
        raise ValueError("it ends too early")
    return at


def _head(raw: bytes, at: int) -> tuple[int, int, int]:
    """What kind of item it is, its number or length, and where the rest of it begins."""
    kind, value = raw[at] >> 5, raw[at] & 0x1F
    size = {24: 1, 25: 2, 26: 4, 27: 8}.get(value, 0)
    if value >= 24:
        value = int.from_bytes(raw[at + 1 : at + 1 + size], "big")
        # Without a length, or a number written longer than it is: another reader could find another end.
        if value < {1: 24, 2: 1 << 8, 4: 1 << 16, 8: 1 << 32}.get(size, 1 << 64):
            raise ValueError("not the one way to write it")
    return kind, value, at + 1 + size


def _one_less(deep: int) -> int:
    if deep == 0:
        raise ValueError("too deep")
    return deep - 1
