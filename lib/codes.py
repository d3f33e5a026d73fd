"""What people type: digits and readable codes, made and tidied up."""

import re
import secrets

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


def grouped(text: str, size: int = 4) -> str:
    """The text in groups of that size, with blanks between."""
    return " ".join(text[i : i + size] for i in range(0, len(text), size))
