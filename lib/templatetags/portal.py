"""The few tags and filters our templates need."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from django import template
from django.conf import settings
from django.template import defaulttags
from django.urls import NoReverseMatch
from django.utils.formats import date_format
from django.utils.html import escape, format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime
from django.utils.translation import gettext, ngettext, pgettext

from lib import clock
from lib.site import path_of

if TYPE_CHECKING:
    from django.template import Context
    from django.template.base import Parser, Token

register = template.Library()
SVG = "{http://www.w3.org/2000/svg}"
ET.register_namespace("", SVG.strip("{}"))


@register.simple_tag
@cache
def icon(name: str, *, css: str = "") -> SafeString:
    """An icon from static/img/icons.svg, drawn in place: no request, and it takes the text's colour."""
    view_box, drawing = _icons()[name]
    return format_html(
        '<svg class="{}" viewBox="{}" aria-hidden="true" focusable="false">{}</svg>',
        f"i {css}".rstrip(),
        view_box,
        mark_safe(drawing),  # noqa: S308 - our own file
    )


@register.simple_tag
def site_address() -> str:
    """SITE_URL, also where no page's context is at hand, as in a field's template."""
    return settings.SITE_URL


class _Path(template.Node):
    """{% url "name" %} and {% url "name" as variable %}, from Django's node for them."""

    def __init__(self, node: defaulttags.URLNode) -> None:
        self.node, self.name = node, node.view_name.var

    def render(self, context: Context) -> str:
        try:
            path = path_of(self.name)
        except NoReverseMatch:
            return self.node.render(context)
        if self.node.asvar is None:
            return escape(path)
        context[self.node.asvar] = path
        return ""


@register.tag
def url(parser: Parser, token: Token) -> template.Node:
    """Django's own, which looks a page without arguments up once: a dozen links to such are on every page."""
    node = defaulttags.url(parser, token)
    is_plain = not node.args and not node.kwargs and isinstance(node.view_name.var, str)
    return _Path(node) if is_plain else node


@register.filter
def spaced(text: str) -> str:
    """Letter by letter, as a screen reader should say a number: "4 7"."""
    return " ".join(text)


@register.filter
def initials(name: str) -> str:
    """One or two letters for the avatar: "Lena Moser" is LM."""
    words = name.split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@register.filter
def day(when: datetime) -> str:
    """ "today", "yesterday" or "12 March 2026"."""
    date = localtime(when).date()
    today = localtime(clock.now()).date()
    if date == today:
        return gettext("today")
    if date == today - timedelta(days=1):
        return gettext("yesterday")
    return date_format(date, pgettext("date format", "j F Y"))


@register.filter
def clock_time(when: datetime) -> str:
    """ "17:09 CET", in the reader's time zone."""
    here = localtime(when)
    return f"{here:%H:%M} {clock.zone_of(here)}"


@register.filter
def moment(when: datetime) -> str:
    """ "12 March 2026, 17:09 CET", in the time zone that the moment itself carries: that of the mail's reader."""
    return f"{date_format(when, pgettext('date format', 'j F Y, H:i'))} {clock.zone_of(when)}"


@register.filter
def ago(when: datetime) -> str:
    """ "4 minutes ago", "3 hours ago", "2 days ago"."""
    minutes = max(1, int((clock.now() - when).total_seconds() // 60))
    if minutes < 60:
        return ngettext("%(count)d minute ago", "%(count)d minutes ago", minutes) % {"count": minutes}
    hours = minutes // 60
    if hours < 24:
        return ngettext("%(count)d hour ago", "%(count)d hours ago", hours) % {"count": hours}
    return ngettext("%(count)d day ago", "%(count)d days ago", hours // 24) % {"count": hours // 24}


@register.filter
def waiting_time(seconds: int) -> str:
    """How long to wait, rounded up: "30 seconds", "5 minutes", "2 hours"."""
    if seconds < 60:
        return ngettext("%(count)d second", "%(count)d seconds", seconds) % {"count": seconds}
    if seconds <= 90 * 60:
        minutes = -(-seconds // 60)
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    hours = -(-seconds // 3600)
    return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}


@cache
def _icons() -> dict[str, tuple[str, str]]:
    tree = ET.parse(settings.BASE_DIR / "static" / "img" / "icons.svg")  # noqa: S314 - our own file
    return {symbol.attrib["id"]: (symbol.attrib["viewBox"], _inside(symbol)) for symbol in tree.iter(f"{SVG}symbol")}


def _inside(symbol: ET.Element) -> str:
    drawn = "".join(ET.tostring(child, encoding="unicode") for child in symbol)
    return drawn.replace(' xmlns="http://www.w3.org/2000/svg"', "").replace("\n", "").replace(" />", "/>")
