"""What the app consists of: its shell, its manifest, and the list of what a phone keeps of it."""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from lib.site import site
from twofactor.methods.push.app import words

SCOPE = "/authenticator/"
SHELL = "twofactor/methods/push/app/shell.html"
# Installed by "make assets" where there is Node; without it the app reads QR codes only where the browser itself can.
QR_DECODER = "vendor/jsqr/jsQR.js"
ICON, BADGE = "authenticator/icon-192.png", "authenticator/badge.png"


def shell_context() -> dict[str, Any]:
    facts = {
        "product": settings.PRODUCT_NAME,
        "worker": reverse("twofactor:authenticator:worker"),
        "scope": SCOPE,
        "decoder": qr_decoder(),
    }
    return {"words": words.for_app(), "facts": facts, "site_host": urlsplit(settings.SITE_URL).netloc}


def qr_decoder() -> str:
    """Its address, "" where it was not installed."""
    try:
        return static(QR_DECODER)
    except ValueError:  # not among the collected files
        return ""


@cache
def scripts() -> list[str]:
    """The app's own modules."""
    return sorted(file.name for file in (settings.BASE_DIR / "static" / "authenticator").glob("*.js"))


def worker_script() -> str:
    return static("authenticator/worker.js")


def kept_offline() -> dict[str, Any]:
    """For the service worker: the shell and its files, under a name that changes with any of them."""
    page = render_to_string(SHELL, {**site(None), **shell_context()})
    files = [static("css/portal.css"), static("authenticator/app.css"), static("img/icon.svg"), static(ICON)]
    files += [static(f"authenticator/{name}") for name in scripts()]
    files += [reverse("twofactor:authenticator:manifest"), *filter(None, [qr_decoder()])]
    digest = hashlib.sha256("\n".join([get_language() or "", page, *files]).encode()).hexdigest()
    online = [reverse("twofactor:authenticator:allow"), reverse("twofactor:authenticator:language")]
    return {
        "version": digest[:16],
        "shell": reverse("twofactor:authenticator:codes"),
        "files": files,
        "online": online,
        "icons": {"icon": static(ICON), "badge": static(BADGE)},
        "happened": reverse("audit:activity"),
    }


def manifest() -> dict[str, Any]:
    name = _("%(product)s Authenticator") % {"product": settings.PRODUCT_NAME}
    return {
        "id": SCOPE,
        "name": name,
        "short_name": settings.PRODUCT_NAME,
        "description": _("Approve your sign-ins on your phone, also without internet."),
        "lang": get_language(),
        "start_url": reverse("twofactor:authenticator:codes"),
        # The whole portal: signing in, on the way to linking a phone, happens inside the app.
        "scope": "/",
        "display": "standalone",
        "background_color": "#f6f3ec",
        "theme_color": "#0b3f46",
        "icons": [
            {"src": static(f"authenticator/{file}.png"), "sizes": size, "type": "image/png", "purpose": purpose}
            for file, size, purpose in (
                ("icon-192", "192x192", "any"),
                ("icon-512", "512x512", "any"),
                ("icon-maskable-512", "512x512", "maskable"),
            )
        ],
        "shortcuts": [
            {"name": _("Requests"), "url": reverse("twofactor:authenticator:requests")},
            {"name": _("Codes"), "url": reverse("twofactor:authenticator:codes")},
        ],
    }
