from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.bed.people import code_app
from tests.twofactor.trusted_browsers.remembering import remembered

if TYPE_CHECKING:
    from django.test import Client

    from accounts.user.models import User


@pytest.fixture
def home(alice: User) -> Client:
    """Alice's browser: signed in with a code, and remembered."""
    code_app(alice)
    return remembered(alice)
