from __future__ import annotations

from collections import Counter

import pytest

from lib import codes


def test_digits_keep_their_leading_zeros() -> None:
    made = [codes.digits(6) for _ in range(500)]

    assert all(len(code) == 6 and code.isascii() and code.isdigit() for code in made)
    assert any(code.startswith("0") for code in made)
    assert len(set(made)) > 450


@pytest.mark.parametrize("typed", ["123 456", "123-456", "123\u00a0456", " 123\u202f456 ", "1 2 3 4 5 6"])
def test_blanks_and_hyphens_between_groups_do_not_count(typed: str) -> None:
    assert codes.without_spacers(typed) == "123456"


@pytest.mark.parametrize(
    "text", ["", "12345", "1234567", "12345a", "123456\n", "+12345", "１２３４５６", "١٢٣٤٥٦", "12345²"]
)
def test_only_so_many_ascii_digits_are_digits(text: str) -> None:
    assert not codes.is_digits(text, 6)


def test_six_digits_are_six_digits() -> None:
    assert codes.is_digits("012345", 6)


def test_readable_codes_are_as_random_as_their_length_promises() -> None:
    """BC-01: five bits a character. Of 10,000 codes none comes twice, and every place holds every character alike."""
    made = [codes.readable(10) for _ in range(10_000)]

    assert len(set(made)) == len(made)
    assert all(codes.is_readable(code, 10) for code in made)
    for place in range(10):
        counts = Counter(code[place] for code in made)
        chi_square = sum((counts[character] - 312.5) ** 2 / 312.5 for character in codes.CROCKFORD)
        assert chi_square < 110  # of 31 degrees of freedom: by chance once in 10^10


def test_text_is_shown_in_groups() -> None:
    assert codes.grouped("ABCDEFGHIJ") == "ABCD EFGH IJ"
