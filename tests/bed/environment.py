"""The environment of every test process: importing this sets it, so it comes before Django's settings."""

import base64
import os
import secrets
import socket
import tempfile
from pathlib import Path

# Short, because a Unix socket's path may have about 100 characters. Made by whoever needs it first.
FOLDER = Path(tempfile.gettempdir()) / f"sallyport-{secrets.token_hex(4)}"
CLOCK = FOLDER / "clock"
# A process of a parallel run finds what is made once for all of them (tests.bed.once) in the folder of their parent.
IS_WORKER = "TESTS_SHARE" in os.environ
SHARED = Path(os.environ.get("TESTS_SHARE", FOLDER))
POSTGRES = SHARED / "postgres"
MIGRATED_SQLITE = SHARED / "migrated.sqlite3"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def database_url() -> str:
    """PostgreSQL through a socket that only we can reach; SQLite in a file, so that threads and processes share it."""
    if os.environ.get("TEST_DATABASE") == "sqlite":
        return f"sqlite:///{FOLDER / 'sallyport.sqlite3'}"
    return f"postgres://postgres@{str(POSTGRES).replace('/', '%2F')}/postgres"


# Whatever a developer's shell says about running the portal must not change what the tests see.
for name in ("SALLYPORT_DEMO", "SITE_URL", "SERVED_BY_ASGI", "FAILPOINT", "SIGNUP", "TRUSTED_PROXIES"):
    os.environ.pop(name, None)
if not IS_WORKER:
    os.environ |= {
        "SECRET_KEY": secrets.token_urlsafe(64),
        "PORTAL_KEYS": "test1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "STATIC_ROOT": str(SHARED / "static"),
    }
os.environ |= {
    "PORTAL_TESTING": "1",
    "PORTAL_TEST_CLOCK": str(CLOCK),
    "VAR_DIR": str(FOLDER / "var"),
    # The real hasher with the least work it accepts: the code is the same, the suite does not wait for it.
    "ARGON2_TIME_COST": "1",
    "ARGON2_MEMORY_KIB": "8",
    "LOG_LEVEL": "WARNING",
    "VAPID_PRIVATE_KEY": base64.urlsafe_b64encode(b"\x01" + secrets.token_bytes(31)).rstrip(b"=").decode(),
    "PUSH_ENDPOINT_HOSTS": "fcm.googleapis.com,*.push.example,http://127.0.0.1",
}
# Servers given from outside are used as they are; else the run starts its own.
OWN_SERVERS = [name for name in ("DATABASE_URL", "REDIS_URL") if name not in os.environ]
STARTS_POSTGRES = "DATABASE_URL" in OWN_SERVERS and os.environ.get("TEST_DATABASE") != "sqlite"
STARTS_VALKEY = "REDIS_URL" in OWN_SERVERS
VALKEY_PORT = free_port()
os.environ.setdefault("DATABASE_URL", database_url())
os.environ.setdefault("REDIS_URL", f"redis://127.0.0.1:{VALKEY_PORT}/0")
