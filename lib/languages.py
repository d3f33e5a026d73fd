"""The languages we speak: those with a whole catalogue of ours. Django speaks many more, a few words of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from pathlib import Path

    from django_stubs_ext import StrPromise


WANTED = [("en", _("English")), ("de", _("German")), ("es", _("Spanish")), ("fr", _("French")), ("it", _("Italian"))]


def whole_in(folder: Path, *, own: str) -> list[tuple[str, StrPromise]]:
    """Those that are offered, guessed and stored: the texts' own, and of the others those translated whole."""
    return [(code, name) for code, name in WANTED if code == own or is_whole(folder / code / "LC_MESSAGES")]


def is_whole(catalogue: Path) -> bool:
    """Compiled, and every text in it translated, by somebody who was sure."""
    if not catalogue.joinpath("django.mo").exists() or not catalogue.joinpath("django.po").exists():
        return False
    with catalogue.joinpath("django.po").open("rb") as file:
        texts = [text for text in read_po(file) if text.id]
    return bool(texts) and all(not text.fuzzy and all(_forms(text.string)) for text in texts)


def spoken(code: str) -> str:
    """The language for somebody who wants that one: ours, where we do not speak it, or not any more."""
    return code if code in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def present() -> str:
    """The language of the page at hand."""
    return spoken(get_language() or settings.LANGUAGE_CODE)


def _forms(translation: object) -> tuple[object, ...]:
    """Singular and plurals."""
    return tuple(translation) if isinstance(translation, list | tuple) else (translation,)
