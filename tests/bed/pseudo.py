"""A language that does not exist: every translated text is longer, accented, and stands in ⟦brackets⟧.

What a page shows outside the brackets was never marked for translation; what does not fit will not fit in German.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.utils.translation import trans_real

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest
    from playwright.sync_api import Page

ACCENTS = str.maketrans("aceinosuyACEINOSUY", "åçéîñöšûýÅÇÉÎÑÖŠÛÝ")
# Placeholders, tags and entities are not text: a translator leaves them alone too.
KEPT = re.compile(r"(%\(\w+\)[sd]|%[sd%]|\{\w*\}|<[^>]+>|&#?\w+;)")
GROWTH = 1.35
CONTEXT_END = "\x04"  # gettext's separator between a context and its text


def pseudo(text: str) -> str:
    """Longer by a third, accented, in brackets."""
    if not text.strip():
        return text
    padding = "·" * max(1, round(len(text) * (GROWTH - 1)))
    words = [part if KEPT.fullmatch(part) else part.translate(ACCENTS) for part in KEPT.split(text)]
    return f"⟦{''.join(words)} {padding}⟧"


class PseudoTranslation(trans_real.DjangoTranslation):
    """English as if somebody had translated all of it."""

    def gettext(self, message: str) -> str:
        return pseudo(message.rsplit(CONTEXT_END, maxsplit=1)[-1])

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return pseudo((msgid1 if n == 1 else msgid2).split(CONTEXT_END)[-1])


def speak(monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on, and for this test, English is the language that does not exist."""
    monkeypatch.setitem(trans_real._translations, "en", PseudoTranslation("en"))  # noqa: SLF001 - Django has no other door
    monkeypatch.setattr(trans_real, "_default", None)
    trans_real._active = trans_real.Local()  # noqa: SLF001


# What people and machines are called is not translated: names, addresses, keys and codes stand in these elements.
NAMES = (
    "bdi, code, kbd, samp, svg, script, style, noscript, .avatar, [lang]:not(html), "
    "select:is([name=country], [name=time_zone]) option"
)

OUTSIDE_BRACKETS = """names => {
    const found = [];
    let depth = 0;
    const note = (where, text) => {
        let outside = '';
        let inside = 0;
        for (const letter of text) {
            if (letter === '⟦') inside++;
            else if (letter === '⟧') inside--;
            else if (!inside) outside += letter;
        }
        if (/\\p{L}/u.test(outside)) found.push(`${where}: ${text.trim().slice(0, 80)}`);
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode;
        let outside = '';
        for (const letter of node.data) {
            if (letter === '⟦') depth++;
            else if (letter === '⟧') depth--;
            else if (!depth) outside += letter;
        }
        if (/\\p{L}/u.test(outside) && !node.parentElement.closest(names))
            found.push(`${node.parentElement.tagName.toLowerCase()}: ${node.data.trim().slice(0, 80)}`);
    }
    for (const name of ['aria-label', 'title', 'placeholder', 'alt', 'data-busy', 'data-done'])
        for (const element of document.querySelectorAll(`[${name}]`)) note(`@${name}`, element.getAttribute(name));
    note('title', document.title);
    return found;
}"""


def untranslated(page: Page, *names: str) -> list[str]:
    """Texts that stand outside the brackets, but for names: titles cannot mark theirs."""
    found: list[str] = page.evaluate(OUTSIDE_BRACKETS, NAMES)
    return [text for text in found if re.search(r"[^\W\d_]", without_names(text, names))]


def without_names(text: str, names: Sequence[str]) -> str:
    """What is left of "title: ⟦Sign in⟧ Sallyport" without the place, the brackets and the names."""
    shown = re.sub(r"⟦[^⟧]*⟧", "", text.partition(": ")[2])
    return re.sub("|".join(map(re.escape, names)), "", shown)
