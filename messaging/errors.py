"""How a channel says that a message did not go out."""

from datetime import timedelta


class TemporaryFailure(Exception):
    """Not now: the message is tried again, not before retry_after. The reason is logged, so no content in it."""

    def __init__(self, reason: str, *, retry_after: timedelta = timedelta(0)) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class Refused(Exception):
    """Never: the far end will not take this message. The reason is logged, so no content in it."""
