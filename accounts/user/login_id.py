"""Login IDs such as AB12345: two letters and five or more digits, random, so that none leads to the next."""

import secrets

from lib import codes

LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # without I and O, which look like digits
SHORTEST = 5
TRIES_PER_LENGTH = 4


def candidate(tries: int) -> str:
    """A login ID to try; it grows by a digit after some that were taken, so the space never runs out."""
    length = SHORTEST + tries // TRIES_PER_LENGTH
    return secrets.choice(LETTERS) + secrets.choice(LETTERS) + codes.digits(length)
