"""What a kind of message says of itself: settings.MESSAGE_KINDS has one entry for each."""

from typing import NamedTuple


class Kind(NamedTuple):
    """Which function writes it, and whether it ages.

    What ages is waited for by somebody now, such as a link, a code or a push: some tries within an hour or so, and none
    later. What does not, must arrive: whoever was not told that the password changed does not ask for the mail.
    """

    composer: str
    ages: bool
