"""Ways in which a person may type or paste something right, and texts close to it that mean something else. Seeded."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from lib import codes

if TYPE_CHECKING:
    from random import Random

DIGITS = ["0123456789", "０１２３４５６７８９", "٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "𝟎𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗"]
BLANKS = [" ", "\u00a0", "\u2009", "\u202f", "\u3000", "\t"]
DASHES = ["-", "\u2010", "\u2011", "\u2012", "\u2013", "\u2014", "\u2212", "\uff0d", "\ufe63"]
UNSEEN = ["", "", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u200e", "\u2066", "\u2069"]


def _around(text: str, chance: Random) -> str:
    outside = ["", "", " ", "\n", "\u00a0", *UNSEEN]
    return chance.choice(outside) + text + chance.choice(outside)


def _wide(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


# ── Codes of an app ──
def code(right: str, chance: Random) -> str:
    digits = str.maketrans(DIGITS[0], chance.choice(DIGITS))
    gap = chance.choice(["", "", *BLANKS, *DASHES, ".", "_"])
    size = chance.choice([1, 2, 3, 6])
    groups = [right[at : at + size] for at in range(0, 6, size)]
    number = chance.choice(["", "", f"{chance.randint(1, 12)}. "])
    return _around(number + (gap + chance.choice(UNSEEN)).join(groups).translate(digits), chance)


def other_code(right: str, chance: Random) -> str:
    """None of these is the right one, whoever reads it."""
    at = chance.randrange(6)
    changed = right[:at] + str((int(right[at]) + chance.randint(1, 9)) % 10) + right[at + 1 :]
    letter = chance.choice("abcdefxyzOIlé٪я")
    return chance.choice([
        changed, right[:at] + right[at + 1 :], right[:at] + chance.choice("0123456789") + right[at:],
        right[:at] + chance.choice("abcdxyzOlя") + right[at + 1 :], right + letter if letter.isalpha() else changed,
        f"{right} {right}", "", " ", right[::-1] if right != right[::-1] else changed, f"{right}.0", f"0x{right}",
        f"{chance.randint(10, 99)} {right}",
    ])  # fmt: skip


# ── Backup codes ──
def backup_code(right: str, chance: Random) -> str:
    plain = right.replace("-", "")
    for digit, alike in (("0", "oO0"), ("1", "iIlL1")):
        plain = "".join(chance.choice(alike) if c == digit else c for c in plain)
    plain = "".join(chance.choice([c.lower(), c.upper()]) for c in plain)
    gap = chance.choice(["", *BLANKS, *DASHES, " - "]) + chance.choice(UNSEEN)
    text = plain[:5] + gap + plain[5:]
    text = _wide(text) if chance.random() < 0.2 else text
    number = chance.choice(["", "", "{:2d}. ", "{}. ", "{}) ", "{}.", "{}\u00a0"]).format(chance.randint(1, 10))
    return _around(number + text, chance)


def other_backup_code(right: str, chance: Random) -> str:
    plain = right.replace("-", "")
    at = chance.randrange(10)
    another = chance.choice([c for c in codes.CROCKFORD if c != plain[at]])
    return chance.choice([
        plain[:at] + another + plain[at + 1 :], plain[:at] + plain[at + 1 :], plain[:at] + another + plain[at:],
        plain + another, another + plain, f"{plain} {plain}", plain[:at] + "ß" + plain[at + 1 :],
        plain[:at] + "Я" + plain[at + 1 :], plain[:at] + "U" + plain[at + 1 :], "", plain[:5],
        f"3. {plain[1:]}", f"{plain[:5]}-{plain[:5]}" if plain[:5] != plain[5:] else "",
    ])  # fmt: skip


# ── Passwords ──
def password(right: str, chance: Random) -> str:
    """Canonically the same: each letter composed or not, as one keyboard or another makes it."""
    return "".join(unicodedata.normalize(chance.choice(["NFC", "NFD"]), c) for c in unicodedata.normalize("NFC", right))


def other_password(right: str, chance: Random) -> str:
    at = chance.randrange(len(right))
    bare = "".join(c for c in unicodedata.normalize("NFD", right) if not unicodedata.combining(c))
    return chance.choice([
        right[:at] + right[at + 1 :], right[:at] + "q" + right[at:], right + " ", " " + right, right.swapcase(),
        bare, _wide(right), right + "\u200b", right + "\u0301", right.replace("ü", "ue"), right[: len(right) - 1],
    ])  # fmt: skip


# ── Addresses ──
def address(right: str, chance: Random) -> str:
    """Of an address in lower case, whose domain is not ASCII."""
    name, _at, domain = right.partition("@")
    labels = [chance.choice([one, one.upper(), "xn--" + one.encode("punycode").decode() if not one.isascii() else one,
                             unicodedata.normalize("NFD", one)]) for one in domain.split(".")]  # fmt: skip
    typed = chance.choice([name, name.upper(), name.title()]) + "@" + chance.choice([".", ".", "。"]).join(labels)
    typed = _wide(typed) if chance.random() < 0.1 else typed
    typed = typed.replace("@", "@" + chance.choice(["", "", "\u200b", "\u2060", "\ufeff"]))
    return _around(typed, chance)


def other_address(right: str, chance: Random) -> str:
    name, _at, domain = right.partition("@")
    bare = "".join(c for c in unicodedata.normalize("NFD", domain) if not unicodedata.combining(c))
    return chance.choice([
        f"{name}@{bare}", f"{name}@{domain.replace('ü', 'ue')}", f"{name}x@{domain}", f"{name[:-1]}@{domain}",
        f"{name}@{domain}.org", f"{name}@sub.{domain}", f"{name}.@{domain}", f"{name}+1@{domain}", name, f"@{domain}",
        f"{name}@{domain.replace('b', 'Ь', 1)}", f"{name}@@{domain}", f"{name.replace('e', 'е', 1)}@{domain}",
        f"{name[:2]} {name[2:]}@{domain}", f"{name}@{domain.encode('punycode').decode()}",
    ])  # fmt: skip
