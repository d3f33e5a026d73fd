"""What people type as a password: an "é" is one character on one keyboard, and two on another."""

import unicodedata


def composed(password: str) -> str:
    """As it is hashed and judged: NFC, which changes nothing that anybody sees (NIST SP 800-63B-4 §3.1.1.2)."""
    return unicodedata.normalize("NFC", password)


def spellings(password: str) -> tuple[str, ...]:
    """What to compare with a hash: composed, then as it was sent, since older hashes were made of that."""
    return (composed(password),) if composed(password) == password else (composed(password), password)
