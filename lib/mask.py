"""Addresses shown so that their owner knows them and nobody else learns them."""


def masked_email(email: str) -> str:
    """l•••@alpina.example: the first letter and the domain."""
    name, _at, domain = email.rpartition("@")
    return f"{name[:1]}•••@{domain}"
