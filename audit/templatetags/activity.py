"""The lines of the activity page. Fifty of them in the template's own language are half of what the page costs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from django import template
from django.utils.html import conditional_escape
from django.utils.safestring import mark_safe

from lib.templatetags.portal import icon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from django.utils.safestring import SafeString

    from audit.timeline import Line

register = template.Library()
LINE = """<li>
{icon}
<div class="row"><strong class="grow">{words}</strong> <time class="muted small" datetime="{when}">{time}</time></div>
{place}</li>
"""
# The address is relative: it is one page below the list, whichever part of the list that is.
PLACE = """<p class="row muted small"><span class="grow">{origin}</span> \
<a href="{seq}/not-me/">{not_me}<span class="sr">: {words}, {time}</span></a></p>"""


@register.simple_tag
def event_lines(lines: Iterable[Line], not_me: str) -> SafeString:
    """What happened, when, and where from, with the way to say that it was somebody else, in these words."""
    escaped = cache(conditional_escape)  # the same words and places come again and again
    return mark_safe("".join(_drawn(line, not_me, escaped) for line in lines))  # noqa: S308 - every part is escaped


def _drawn(line: Line, not_me: str, escaped: Callable[[object], str]) -> str:
    parts = {name: escaped(part) for name, part in line._asdict().items()}
    place = PLACE.format(**parts, not_me=escaped(not_me)) if line.origin else ""
    return LINE.format(**parts | {"icon": icon(line.icon), "place": place})
