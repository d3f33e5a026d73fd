"""Chromium's own authenticators, which its developer tools plug in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import CDPSession, Page

PASSKEY = {"transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
SECURITY_KEY = {"transport": "usb", "hasResidentKey": False, "hasUserVerification": False}
OLD_KEY = {"protocol": "u2f", "transport": "usb", "hasResidentKey": False, "hasUserVerification": False}
PIN_KEY = {"transport": "usb", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}
SYNCED = {"defaultBackupEligibility": True, "defaultBackupState": True}


@dataclass(frozen=True)
class VirtualKey:
    """One of them."""

    session: CDPSession
    id: str

    def credentials(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})[
            "credentials"
        ]
        return found

    def set(self, **what: bool) -> None:
        """isUserVerified: the finger is right; enabled: somebody touches it."""
        if "isUserVerified" in what:
            self.session.send("WebAuthn.setUserVerified", {"authenticatorId": self.id, **what})
        else:
            self.session.send("WebAuthn.setAutomaticPresenceSimulation", {"authenticatorId": self.id, **what})

    def unplug(self) -> None:
        self.session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.id})


def plug_in(page: Page, kind: dict[str, Any], **changes: Any) -> VirtualKey:
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable", {"enableUI": False})
    options = {"protocol": "ctap2", "automaticPresenceSimulation": True, **kind, **changes}
    if options["protocol"] == "ctap2":
        options["ctap2Version"] = "ctap2_1"
    added = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return VirtualKey(session, added["authenticatorId"])
