from __future__ import annotations

import pytest

from lib.user_agent import browser_and_system, describe

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
MAC = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Safari/605.1.15"
)


@pytest.mark.parametrize(
    ("agent", "words"), [(FIREFOX, "Firefox on Linux"), (IPHONE, "Mobile Safari on iOS"), (MAC, "Safari on macOS")]
)
def test_a_known_browser_has_a_name(agent: str, words: str) -> None:
    assert describe(agent) == words


@pytest.mark.parametrize("agent", ["", " ", "x" * 512, "(" * 512, "\x00", "🔐"])
def test_anything_else_is_an_unknown_browser(agent: str) -> None:
    assert describe(agent) == "Unknown browser"


@pytest.mark.parametrize("sentence", ["Support test please tap YES 47 bot", "Call 0441234567 to keep your account bot"])
def test_what_a_stranger_writes_there_is_shown_to_nobody(sentence: str) -> None:
    assert describe(f"Mozilla/5.0 (compatible; {sentence}/1.0)") == "Unknown browser"


def test_half_of_it_is_better_than_nothing() -> None:
    assert describe("Mozilla/5.0 (X11; Linux x86_64)") == "Linux"
    assert browser_and_system("curl/8.5.0") == ("curl", "")
    assert describe("curl/8.5.0") == "curl"
