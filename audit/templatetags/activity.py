"""The lines of the activity page. Fifty of them in the template's own language are half of what the page costs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html, format_html_join

from lib.templatetags.portal import icon

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.utils.safestring import SafeString

    from audit.timeline import Line

register = template.Library()
LINE = """<li>
{}
<div class="row"><strong class="grow">{}</strong> <time class="muted small" datetime="{}">{}</time></div>
{}</li>
"""
# The address is relative: it is one page below the list, whichever part of the list that is.
FROM = """<p class="row muted small"><span class="grow">{}</span> <a href="{}/not-me/">{}</a></p>"""


@register.simple_tag
def event_lines(lines: Iterable[Line], not_me: str) -> SafeString:
    """What happened, when, and where from, with the way to say that it was somebody else, in these words."""
    return format_html_join("", LINE, (_parts_of(line, not_me) for line in lines))


def _parts_of(line: Line, not_me: str) -> tuple[str, ...]:
    return icon(line.icon), line.words, line.when, line.time, _place_of(line, not_me) if line.origin else ""


def _place_of(line: Line, not_me: str) -> SafeString:
    about = format_html('{}<span class="sr">: {}, {}</span>', not_me, line.words, line.time)
    return format_html(FROM, line.origin, line.seq, about)
