"""What the log remembers of the chains, so that not even whoever changes events and heads together stays unseen."""

from __future__ import annotations

import json
import logging
from io import StringIO
from typing import TYPE_CHECKING

import pytest

from audit import checkpoints
from audit.actions import close_record
from audit.checkpoints import Comparison
from audit.models import ChainHead, SecurityEvent
from audit.tasks import write_checkpoints
from audit.verify import Verification
from lib.logs import JSONFormatter
from tests.audit.tampering import cut_end_with_head, live_a_little
from tests.audit.test_verify import verify

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from accounts.user.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def log() -> Iterator[Callable[[], list[str]]]:
    """Call it for the lines so far, as they stand in the log."""
    written = StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JSONFormatter())
    logger = logging.getLogger(checkpoints.LOGGER)
    logger.addHandler(handler)
    yield lambda: written.getvalue().splitlines()
    logger.removeHandler(handler)


def faults(lines: list[str]) -> list[tuple[int, int | None]]:
    comparison = Comparison(lines)
    found = [(fault.user_id, fault.seq) for fault in comparison]
    assert not comparison.forged
    return found


def test_each_chain_is_logged_when_it_has_grown(alice: User, bob: User, log: Callable[[], list[str]]) -> None:
    live_a_little(alice, 3)
    live_a_little(bob, 1)
    write_checkpoints()
    write_checkpoints()
    live_a_little(bob, 1)
    write_checkpoints()

    first, second = [json.loads(line) for line in log()]

    assert [head.rsplit(":", 1)[0] for head in first["heads"]] == [f"{alice.pk}:3", f"{bob.pk}:1"]
    assert [head.rsplit(":", 1)[0] for head in second["heads"]] == [f"{bob.pk}:2"]
    assert not faults(log())


def test_a_quiet_log_level_does_not_silence_them() -> None:
    assert logging.getLogger(checkpoints.LOGGER).isEnabledFor(logging.INFO)
    assert not logging.getLogger("sallyport.audit").isEnabledFor(logging.INFO)


def test_an_end_cut_off_with_its_head_is_found_by_the_log_alone(
    alice: User, bob: User, log: Callable[[], list[str]], tmp_path: Path
) -> None:
    live_a_little(alice, 5)
    live_a_little(bob, 5)
    write_checkpoints()
    cut_end_with_head(alice, 2)
    file = tmp_path / "portal.log"
    file.write_text("\n".join(["not JSON", '{"logger": "django.request"}', *log()]))

    assert verify()[0] == 0
    code, said = verify("--checkpoints", str(file))

    assert code == 1
    assert f"account {alice.pk}, event 5: is missing: a checkpoint has seen it" in said
    assert f"account {bob.pk}" not in said


def test_an_end_that_grew_again_is_found(alice: User, log: Callable[[], list[str]]) -> None:
    live_a_little(alice, 5)
    write_checkpoints()
    cut_end_with_head(alice, 2)
    alice.refresh_from_db()
    live_a_little(alice, 5)
    write_checkpoints()

    assert not list(Verification())
    assert faults(log()) == [(alice.pk, 5)]


def test_emptied_tables_are_found(alice: User, bob: User, log: Callable[[], list[str]]) -> None:
    live_a_little(alice, 2)
    live_a_little(bob, 2)
    write_checkpoints()
    SecurityEvent.objects.all().delete()
    ChainHead.objects.all().delete()

    assert not list(Verification())
    assert faults(log()) == [(alice.pk, 2), (bob.pk, 2)]


def test_an_account_that_we_deleted_is_no_fault(alice: User, log: Callable[[], list[str]]) -> None:
    live_a_little(alice, 2)
    write_checkpoints()
    close_record(alice)
    alice.delete()

    assert not faults(log())


@pytest.mark.parametrize(
    "forge",
    [
        lambda line: line.replace(":3:", ":2:"),
        lambda line: line.replace('"at": "20', '"at": "19'),
        lambda line: json.dumps({**json.loads(line), "heads": []}),
        lambda line: json.dumps({"logger": json.loads(line)["logger"]}),
        lambda line: line[:-20],
    ],
)
def test_a_line_that_is_not_ours_is_named(
    alice: User, log: Callable[[], list[str]], forge: Callable[[str], str], tmp_path: Path
) -> None:
    live_a_little(alice, 3)
    write_checkpoints()
    file = tmp_path / "portal.log"
    file.write_text("something else\n" + forge(log()[0]))

    code, said = verify("--checkpoints", str(file))

    assert code == 1
    assert "line 2: not a checkpoint of this portal" in said


def test_many_heads_are_several_short_lines(
    alice: User, bob: User, charlie: User, log: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoints, "HEADS_A_LINE", 2)
    for user in (alice, bob, charlie):
        live_a_little(user, 2)

    assert checkpoints.write() == 3

    assert [len(json.loads(line)["heads"]) for line in log()] == [2, 1]
    assert not faults(log())


def test_what_is_recorded_meanwhile_is_logged_next_time(
    alice: User, log: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    live_a_little(alice, 2)
    log_line = checkpoints.log.info

    def slowly(*words: str, **fields: dict[str, object]) -> None:
        live_a_little(alice, 1)
        log_line(*words, **fields)

    monkeypatch.setattr(checkpoints.log, "info", slowly)
    write_checkpoints()
    monkeypatch.undo()
    write_checkpoints()

    assert [json.loads(line)["heads"][0].split(":")[1] for line in log()] == ["2", "3"]
