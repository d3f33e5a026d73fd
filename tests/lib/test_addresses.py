from __future__ import annotations

import pytest

from lib import addresses

BUECHER = "lena@xn--bcher-kva.example"


@pytest.mark.parametrize(
    "typed",
    [
        "lena@bücher.example",
        "LENA@BÜCHER.EXAMPLE",
        "lena@bu\u0308cher.example",
        "lena@xn--bcher-kva.example",
        "lena@XN--BCHER-KVA.example",
        "lena@bücher。example",
        "ｌｅｎａ＠ｂüｃｈｅｒ．ｅｘａｍｐｌｅ",
        "\ufeff lena@bücher.example \u200b",
        "\u2066lena@bücher.example\u2069",
        "le\u00adna@bü\u200bcher.example",
        "lena@bücher.example.",
        "lena@bücher.example\u200d",
    ],
)
def test_one_mailbox_has_one_form(typed: str) -> None:
    assert addresses.compared(typed) == addresses.deliverable(typed) == BUECHER
    assert addresses.compared(addresses.tidied(typed)) == BUECHER


@pytest.mark.parametrize(
    "other",
    ["lena@bucher.example", "lena@buecher.example", "lena@bücher.example.org", "le.na@bücher.example",
     "lena+1@bücher.example", "lena@xn--bcher-kva", "lena@b\u00fccher\u0308.example", "lenа@bücher.example"],
)  # fmt: skip
def test_another_mailbox_has_another(other: str) -> None:
    assert addresses.compared(other) != BUECHER


def test_a_domain_is_what_browsers_make_of_it() -> None:
    """Python's own "idna" makes "strasse" of it: another domain, and another owner's mail."""
    assert addresses.deliverable("lena@straße.example") == "lena@xn--strae-oqa.example"
    assert "straße.example".encode("idna") == b"strasse.example"


def test_an_address_is_shown_as_it_was_typed() -> None:
    assert addresses.tidied(" Lena@Bu\u0308cher.Example ") == "lena@bücher.example"
    assert addresses.tidied("lena@xn--bcher-kva.example") == "lena@xn--bcher-kva.example"


@pytest.mark.parametrize("domain", ["i\u2764.example", "\u0308a.example", "ü" * 64 + ".example", "a\u200db.example"])
def test_nothing_is_sent_to_a_domain_that_is_none(domain: str) -> None:
    with pytest.raises(addresses.NoAddress):
        addresses.deliverable(f"lena@{domain}")
    assert addresses.compared(f"lena@{domain}") == f"lena@{domain}"
