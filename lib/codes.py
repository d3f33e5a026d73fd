"""Codes that people type: digits and readable ones, made, and read as they were meant."""

import re
import secrets
import unicodedata

LONGEST = 64  # of what is typed: normalizing takes a time that grows faster than the text
CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LOOKALIKES = str.maketrans("ILO", "110")
# "3. ", as our own download has it. "3." and "3 " may be part of what follows, and are none where it is digits alone.
LIST_NUMBER = re.compile(r"\A\W*[0-9]{1,2}[.):]\s+")
TIGHT_LIST_NUMBER = re.compile(r"\A\W*[0-9]{1,2}(?:[.):]|\s+)")


def digits(length: int) -> str:
    """Random decimal digits."""
    return f"{secrets.randbelow(10**length):0{length}d}"


def as_digits(typed: str, length: int) -> str:
    """What was typed or pasted as so many ASCII digits, whichever script they were in; "" if it is none of those."""
    code = _letters_and_digits(_without_list_number(typed))
    return code if is_digits(code, length) else ""


def is_digits(text: str, length: int) -> bool:
    """Exactly so many ASCII digits: str.isdigit() and int() would accept digits of other scripts."""
    return re.fullmatch(rf"[0-9]{{{length}}}", text) is not None


def readable(length: int) -> str:
    """Random characters of Crockford's base32, five bits each: no two of them look alike."""
    return "".join(secrets.choice(CROCKFORD) for _ in range(length))


def as_readable(typed: str, length: int) -> str:
    """The same in the alphabet of readable(): any case, with I, L and O for the digits they look like."""
    text = _without_list_number(typed)
    code = _letters_and_digits(text)
    if len(code) > length and (number := TIGHT_LIST_NUMBER.match(text)):
        code = _letters_and_digits(text[number.end() :])
    # Of ASCII alone: a sharp s in upper case is two letters that nobody typed.
    code = code.upper().translate(LOOKALIKES) if code.isascii() else ""
    return code if is_readable(code, length) else ""


def is_readable(text: str, length: int) -> bool:
    return len(text) == length and set(text) <= set(CROCKFORD)


def is_key_output(typed: str) -> bool:
    """What a YubiKey types when somebody touches it: letters that are the same on every keyboard ("modhex")."""
    return re.fullmatch(r"[cbdefghijklnrtuv]{32,64}", typed.strip().lower()) is not None


def grouped(text: str, size: int = 4, separator: str = " ") -> str:
    """The text in groups of that size."""
    return separator.join(text[i : i + size] for i in range(0, len(text), size))


def _without_list_number(typed: str) -> str:
    """In plain characters; "" if nobody types as much for a code."""
    if len(typed) > LONGEST:
        return ""
    return LIST_NUMBER.sub("", "".join(map(_plain_digit, unicodedata.normalize("NFKC", typed))), count=1)


def _letters_and_digits(text: str) -> str:
    """And the stroke that NFKC finds in a fraction: a half is not twelve."""
    return "".join(character for character in text if character.isalnum() or character == "\u2044")


def _plain_digit(character: str) -> str:
    """Arabic, Persian and other digits as ours."""
    value = unicodedata.decimal(character, None)
    return character if value is None else str(value)
