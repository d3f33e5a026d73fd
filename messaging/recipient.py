"""Whom a message is for."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """An address, and how to speak to the person behind it."""

    email: str
    language: str
    name: str
