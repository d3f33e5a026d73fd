"""A browser and a system, in words, from a user agent."""

from functools import lru_cache

from django.utils.translation import gettext as _
from ua_parser import parse


@lru_cache(maxsize=512)
def browser_and_system(user_agent: str) -> tuple[str, str]:
    """("Firefox", "Linux"); each is "" when unknown. The text is what the visitor claims, nothing more."""
    found = parse(user_agent)
    browser = found.user_agent.family if found.user_agent else ""
    return browser, found.os.family if found.os else ""


def describe(user_agent: str) -> str:
    """ "Firefox on Linux", in the present language."""
    browser, system = browser_and_system(user_agent)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown browser")
