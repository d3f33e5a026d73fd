from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import env_bool, env_int, env_list, env_str

if TYPE_CHECKING:
    from pathlib import Path


def test_a_setting_may_stand_in_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("  from the file\n", encoding="utf-8")
    monkeypatch.setenv("X_FILE", str(tmp_path / "secret"))
    monkeypatch.setenv("X", "from the environment")

    assert env_str("X") == "from the file"


def test_numbers_switches_and_lists_may_stand_in_files_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, text in (("N", "7\n"), ("B", "yes\n"), ("L", "a, b\n")):
        (tmp_path / name).write_text(text, encoding="utf-8")
        monkeypatch.setenv(f"{name}_FILE", str(tmp_path / name))

    assert (env_int("N", 1), env_bool("B"), env_list("L")) == (7, True, ["a", "b"])


def test_a_file_that_is_not_there_is_no_empty_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_FILE", "/no/such/secret")

    with pytest.raises(OSError, match="/no/such/secret"):
        env_str("X", "default")


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("YES", True), ("on", True), ("0", False), ("No", False), ("off", False)]
)
def test_a_switch_is_yes_or_no(monkeypatch: pytest.MonkeyPatch, text: str, *, value: bool) -> None:
    monkeypatch.setenv("X", text)

    assert env_bool("X", default=not value) is value


@pytest.mark.parametrize("read", [env_bool, lambda name: env_int(name, 1)])
def test_anything_else_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, read: object) -> None:
    monkeypatch.setenv("SOME_NAME", "maybe")

    with pytest.raises(ImproperlyConfigured, match="SOME_NAME"):
        read("SOME_NAME")  # type: ignore[operator]


def test_what_is_not_set_has_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("X", raising=False)

    assert (env_str("X", "d"), env_int("X", 3), env_bool("X", default=True), env_list("X", "a,b")) == (
        "d",
        3,
        True,
        ["a", "b"],
    )


def test_a_list_has_no_empty_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", " a ,, b,")

    assert env_list("X") == ["a", "b"]
