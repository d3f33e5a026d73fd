"""How a channel says that a message did not go out."""

from datetime import timedelta


class TemporaryFailure(Exception):
    """Not now: the message is tried again, not before retry_after. The reason is logged, so no content in it."""

    def __init__(self, reason: str, *, retry_after: timedelta = timedelta(0), is_about_recipient: bool = False) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.is_about_recipient = is_about_recipient  # else nothing else would go out now either


class Refused(Exception):
    """Never: the far end will not take this message. The reason is logged, so no content in it."""


class Unwanted(Exception):
    """Nobody is there any more whom the message could reach, and nobody need do anything about it: no fault of ours."""
