from __future__ import annotations

from collections import Counter

import pytest

from lib import codes


def test_digits_keep_their_leading_zeros() -> None:
    made = [codes.digits(6) for _ in range(500)]

    assert all(len(code) == 6 and code.isascii() and code.isdigit() for code in made)
    assert any(code.startswith("0") for code in made)
    assert len(set(made)) > 450


@pytest.mark.parametrize(
    "typed",
    ["123 456", "123-456", "123\u00a0456", " 123\u202f456 ", "1 2 3 4 5 6", "１２３４５６", "١٢٣٤٥٦", "۱۲۳۴۵۶",
     "१२३४५६", "123\u2013456", "123\u200b456",
     "1. 123456", "7) 123 456", "12.34.56", "\u2066123456\u2069", "+123456", "①②③④⑤⑥"],
)  # fmt: skip
def test_digits_are_read_as_they_were_meant(typed: str) -> None:
    assert codes.as_digits(typed, 6) == "123456"


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "12345",
        "1234567",
        "12345a",
        "0x123456",
        "123456.0",
        "1. 23456",
        "123456 123456",
        "½3456",
        "12 123456",
        "12.123456",
        "x" * 6,
        "1" * 65,
    ],
)
def test_other_text_is_no_code(typed: str) -> None:
    assert codes.as_digits(typed, 6) == ""


@pytest.mark.parametrize(
    "typed",
    ["7K4MW-2QXP3", "7k4mw2qxp3", "7K4MW\u20142QXP3", " 3. 7K4MW-2QXP3", "10. 7K4MW-2QXP3", "3.7K4MW-2QXP3",
     "3) 7K4MW 2QXP3", "3  7K4MW-2QXP3", "７Ｋ４ＭＷ－２ＱＸＰ３", "7K4MW\u00ad-2QXP3",
     "\ufeff7K4MW-2QXP3", "٧K٤MW-٢QXP٣"],
)  # fmt: skip
def test_readable_codes_are_read_as_they_were_meant(typed: str) -> None:
    assert codes.as_readable(typed, 10) == "7K4MW2QXP3"


@pytest.mark.parametrize(
    "typed", ["7K4MW-2QXP", "7K4MW-2QXP33", "137K4MW-2QXP3", "7K4MW-2QßP3", "7К4МW-2QXP3", "7K4MU-2QXP3"]
)
def test_other_text_is_no_readable_code(typed: str) -> None:
    assert codes.as_readable(typed, 10) == ""


def test_lookalikes_are_the_digits_they_look_like() -> None:
    assert codes.as_readable("oOiIlL-o0i1l", 11) == "00111100111"[:11]


@pytest.mark.parametrize(
    "typed", ["c" * 44, "cccccctbgkllrntuvdehhicjnifgrulchlrdvdevruki", "CCCCCCTBGKLLRNTUVDEHHICJNIFGRULC"]
)
def test_a_touched_key_is_known_by_its_letters(typed: str) -> None:
    assert codes.is_key_output(typed)
    assert not codes.is_key_output(typed + "1")


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
