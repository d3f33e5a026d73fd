"""Tokens in links: made from a row's id when the message is written, so no table holds one."""

from lib import crypto


def token_for(purpose: str, row_id: int) -> str:
    """A token that names the row and that only this installation can make: 256 bits of HMAC."""
    return f"{row_id}-{crypto.signature(f'link:{purpose}', row_id)}"


def row_id_of(purpose: str, token: str) -> int | None:
    """The id of the row a token names, None when the token is not ours. The row says whether it is still good."""
    row_id = claimed_row_id(token)
    is_ours = row_id is not None and crypto.is_signature(token.partition("-")[2], f"link:{purpose}", row_id)
    return row_id if is_ours else None


def claimed_row_id(token: str) -> int | None:
    """The same of any token, ours or not: for a purpose that only the row tells."""
    row_id = token.partition("-")[0]
    is_id = row_id.isascii() and row_id.isdigit() and len(row_id) < 19 and str(int(row_id)) == row_id
    return int(row_id) if is_id else None
