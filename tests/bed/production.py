"""An environment as a real portal has it: https, its own secrets, nothing of a test."""

import base64
import os
import secrets

HOST = "id.sallyport.example"


def environment(**more: str) -> dict[str, str]:
    """What a process of the portal is given; of ours, only where programs are and what measures coverage."""
    return {
        **{name: value for name, value in os.environ.items() if name == "PATH" or name.startswith("COVERAGE_")},
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SITE_URL": f"https://{HOST}",
        "ALLOWED_HOSTS": HOST,
        "SECRET_KEY": secrets.token_urlsafe(64),
        "PORTAL_KEYS": "k1:" + base64.b64encode(secrets.token_bytes(32)).decode(),
        "DATABASE_URL": "postgres://sallyport:secret@db.sallyport.example/sallyport",
        "REDIS_URL": "redis://redis.sallyport.example:6379/0",
        "EMAIL_URL": "submission://portal:secret@mail.sallyport.example:587",
        "SUPPORT_CONTACT": "support@sallyport.example",
        "VAR_DIR": os.environ["VAR_DIR"],
        **more,
    }
