"""Keys of the demo: made on the first start, kept in var/ so that a restart keeps its accounts."""

import base64
import os
import secrets
from pathlib import Path


def kept(path: Path, value: str) -> str:
    """Return what the file holds; on the first call, write the value there first (readable by its owner only)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(value)
    return value


def secret_key(var: Path) -> str:
    return kept(var / "secret_key", secrets.token_urlsafe(64))


def portal_keys(var: Path) -> str:
    return kept(var / "portal_keys", "demo1:" + base64.b64encode(secrets.token_bytes(32)).decode())


def vapid_private_key(var: Path) -> str:
    """A number below the order of P-256, as 32 bytes."""
    number = 1 + secrets.randbelow(2**255)
    return kept(var / "vapid_private_key", base64.urlsafe_b64encode(number.to_bytes(32, "big")).rstrip(b"=").decode())
