"""Tokens in links: made from a row's id when the message is written, so no table holds one."""

from django.utils.crypto import constant_time_compare

from lib import crypto


def token_for(purpose: str, row_id: int) -> str:
    """A token that names the row and that only this installation can make: 256 bits of HMAC."""
    return f"{row_id}-{crypto.keyed_digest(f'link:{purpose}', row_id)}"


def row_id_of(purpose: str, token: str) -> int | None:
    """The id of the row a token names, None when the token is not ours. The row says whether it is still good."""
    row_id, _hyphen, _digest = token.partition("-")
    if not (row_id.isascii() and row_id.isdigit() and len(row_id) < 19):
        return None
    return int(row_id) if constant_time_compare(token, token_for(purpose, int(row_id))) else None
