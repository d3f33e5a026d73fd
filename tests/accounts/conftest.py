from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from accounts.password import check
from tests.accounts.counting_hasher import CountingHasher

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_django.fixtures import SettingsWrapper


@pytest.fixture
def hashes(settings: SettingsWrapper) -> Callable[[], int]:
    """Call it for the number of password hashes made since it was last called."""
    settings.PASSWORD_HASHERS = ["tests.accounts.counting_hasher.CountingHasher", *settings.PASSWORD_HASHERS[1:]]
    check._hash_of_nobody()  # noqa: SLF001 - made once in a process, and not counted
    CountingHasher.hashes = 0

    def count() -> int:
        made, CountingHasher.hashes = CountingHasher.hashes, 0
        return made

    return count
