from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.twofactor.enrolment.front_door import HOME, signed_in_at

if TYPE_CHECKING:
    from accounts.user.models import User
    from tests.bed.clock import TestClock


@pytest.fixture
def settled(alice: User, clock: TestClock) -> User:
    """Alice, who signed up a month ago and signed in at home then, without a second factor."""
    signed_in_at(HOME, alice)
    clock.advance(timedelta(days=30))
    return alice
