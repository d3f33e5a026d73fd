"""Collects what the long proofs counted, and writes it to docs/evidence.md (make prove)."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

REPORT = Path("docs/evidence.md")
HEADER = """# Evidence

What the long proofs counted, written by `make prove`. Of *n* tries without a failure, the true rate is below 3/*n* with
95 % confidence (the rule of three).

`make prove` also runs each race of the tests in full (`make test` runs it twice with eight threads), and every test on
SQLite, with the lines that it reaches (`make coverage`). `make test` runs everything on PostgreSQL.

| Proof | Tries | Failures | True rate (95 %) | Note |
| --- | --: | --: | --: | --- |
"""


@dataclass(frozen=True)
class Row:
    name: str
    tried: int
    failed: int
    note: str = ""

    def __str__(self) -> str:
        bound = "-" if self.failed else f"≤ {3 / self.tried:.3%}"
        return f"| {self.name} | {self.tried:,} | {self.failed:,} | {bound} | {self.note} |\n"


@dataclass
class Evidence:
    """The rows of a run, in the order of the tests."""

    rows: list[Row] = field(default_factory=list)

    def __call__(self, name: str, tried: int, failed: int, note: str = "") -> None:
        """Note a count, then fail the test if anything failed: the table shows the failure as well."""
        self.rows.append(Row(name, tried, failed, note))
        assert failed == 0, f"{name}: {failed} of {tried} failed"


COLLECTED = pytest.StashKey[Evidence]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[COLLECTED] = Evidence()


@pytest.fixture
def evidence(pytestconfig: pytest.Config) -> Evidence:
    return pytestconfig.stash[COLLECTED]


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Write the table after a whole run; one proof alone must not replace all the others."""
    rows = session.config.stash[COLLECTED].rows
    option = session.config.getoption
    if rows and option("markexpr") == "prove" and not option("file_or_dir") and not option("keyword"):
        REPORT.write_text(HEADER + "".join(map(str, rows)), encoding="utf-8")
