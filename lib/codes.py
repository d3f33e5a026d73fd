"""What people type: digits and readable codes, made and tidied up."""

import re
import secrets

CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LOOKALIKES = str.maketrans("ILO", "110")
SPACERS = re.compile(r"[ \-\u00a0\u2009\u202f]")


def digits(length: int) -> str:
    """Random decimal digits."""
    return f"{secrets.randbelow(10**length):0{length}d}"


def without_spacers(typed: str) -> str:
    """What was typed without blanks and hyphens, which people and apps put between groups."""
    return SPACERS.sub("", typed)


def is_digits(text: str, length: int) -> bool:
    """Exactly so many ASCII digits: str.isdigit() and int() would accept digits of other scripts."""
    return re.fullmatch(rf"[0-9]{{{length}}}", text) is not None


def readable(length: int) -> str:
    """Random characters of Crockford's base32, five bits each: no two of them look alike."""
    return "".join(secrets.choice(CROCKFORD) for _ in range(length))


def as_readable(typed: str) -> str:
    """What was typed in the alphabet of readable(): any case, with I, L and O for the digits they look like."""
    return without_spacers(typed).upper().translate(LOOKALIKES)


def is_readable(text: str, length: int) -> bool:
    return len(text) == length and set(text) <= set(CROCKFORD)


def grouped(text: str, size: int = 4, separator: str = " ") -> str:
    """The text in groups of that size."""
    return separator.join(text[i : i + size] for i in range(0, len(text), size))
