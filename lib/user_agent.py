"""A browser and a system, in words, from a user agent."""

from functools import lru_cache

from django.utils.translation import gettext as _
from ua_parser import parse

# The parser also takes whole sentences out of what a robot says of itself. They would stand in our mails, and in the
# question on somebody's phone: what is not among these has no name.
BROWSERS = {
    "Android", "Brave", "Chrome", "Chrome Mobile", "Chrome Mobile iOS", "Chrome Mobile WebView", "Chromium",
    "DuckDuckGo", "DuckDuckGo Mobile", "Edge", "Edge Mobile", "Epiphany", "Firefox", "Firefox Focus", "Firefox Mobile",
    "Firefox iOS", "HeadlessChrome", "Huawei Browser", "IE", "IE Mobile", "Konqueror", "MiuiBrowser", "Mobile Safari",
    "Mobile Safari UI/WKWebView", "Opera", "Opera GX", "Opera Mini", "Opera Mobile", "QQ Browser", "Safari",
    "Samsung Internet", "SeaMonkey", "UC Browser", "Vivaldi", "WebKit Nightly", "Yandex Browser", "curl",
}  # fmt: skip
SYSTEMS = {
    "Android", "Arch Linux", "CentOS", "Chrome OS", "Debian", "Fedora", "FreeBSD", "HarmonyOS", "KaiOS", "Linux",
    "Linux Mint", "Mac OS X", "NetBSD", "OpenBSD", "Red Hat", "SUSE", "Tizen", "Ubuntu", "Windows", "Windows Phone",
    "iOS",
}  # fmt: skip
PRESENT_NAMES = {"Mac OS X": "macOS"}


LONGEST = 256  # more than any browser's; hundreds of patterns look through it


@lru_cache(maxsize=512)
def browser_and_system(user_agent: str) -> tuple[str, str]:
    """("Firefox", "Linux"); each is "" when unknown. The text is what the visitor claims, nothing more."""
    found = parse(user_agent[:LONGEST])
    browser = found.user_agent.family if found.user_agent else ""
    system = found.os.family if found.os else ""
    return browser if browser in BROWSERS else "", PRESENT_NAMES.get(system, system) if system in SYSTEMS else ""


def describe(user_agent: str) -> str:
    """ "Firefox on Linux", in the present language."""
    browser, system = browser_and_system(user_agent)
    if browser and system:
        return _("%(browser)s on %(system)s") % {"browser": browser, "system": system}
    return browser or system or _("Unknown browser")
