"""The portal's settings for worker processes, with the kinds of message that only tests send."""

from config.settings import *  # noqa: F403 - every setting, under its own name
from tests.messaging.composers import KINDS

MESSAGE_KINDS = KINDS
