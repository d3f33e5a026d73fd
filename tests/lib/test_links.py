from __future__ import annotations

import pytest

from lib import links


def test_a_token_names_its_row() -> None:
    assert links.row_id_of("sign_up", links.token_for("sign_up", 41)) == 41


def test_a_token_is_good_for_one_purpose() -> None:
    assert links.row_id_of("password_reset", links.token_for("sign_up", 41)) is None


def test_the_row_in_a_token_cannot_be_changed() -> None:
    digest = links.token_for("sign_up", 41).partition("-")[2]

    assert links.row_id_of("sign_up", f"42-{digest}") is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "-",
        "41",
        "41-",
        "-41",
        "041-{digest}",
        "+41-{digest}",
        " 41-{digest}",
        "41-{digest}0",
        "41-{digest} ",
        "٤١-{digest}",
        "41-é",
        "9999999999999999999-{digest}",
        "9" * 5000,
        "41-{digest}-{digest}",
        "41\x00-{digest}",
    ],
)
def test_what_we_did_not_make_names_nothing(token: str) -> None:
    digest = links.token_for("sign_up", 41).partition("-")[2]

    assert links.row_id_of("sign_up", token.replace("{digest}", digest)) is None
