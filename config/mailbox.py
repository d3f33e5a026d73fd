"""A sender as mail headers need it (RFC 5322 §3.4), however its name is written in a setting."""

from email.utils import formataddr, getaddresses, unquote

from django.core.exceptions import ValidationError
from django.core.validators import validate_email


def quoted(text: str) -> str:
    """Name <address>: a comma or colon in the name would else end it, and no mail would leave."""
    name, _mark, address = text.rpartition("<")
    local, _at, domain = address.strip().removesuffix(">").rpartition("@")
    try:
        return formataddr((unquote(name.strip()), f"{local}@{domain.encode('idna').decode()}"))
    except UnicodeError:
        return text  # is_sender() says no


def is_sender(text: str) -> bool:
    """Whether it is one mailbox."""
    found = getaddresses([text])
    return len(found) == 1 and is_address(found[0][1])


def link(text: str) -> str:
    """mailto:…, or "" for what is no address."""
    return f"mailto:{text}" if is_address(text) else ""


def is_address(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
