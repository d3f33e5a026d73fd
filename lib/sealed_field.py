"""How a model says which of its columns are sealed, so that a rotation finds every one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class SealedField:
    """A text column holding what crypto.seal() made; an empty one holds nothing.

    A model lists its own in a class attribute: sealed_fields = (SealedField(…),).
    """

    name: str
    purpose: str
    bound_to: Callable[[Any], str]  # of a row: what its ciphertext is tied to
