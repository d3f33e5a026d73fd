"""Reading the links out of mails."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.core.mail import EmailMultiAlternatives


def mails_to(address: str, mails: Sequence[EmailMultiAlternatives]) -> list[EmailMultiAlternatives]:
    return [mail for mail in mails if mail.to == [address]]


def link_in(mail: EmailMultiAlternatives, page: str) -> str:
    """The path of the link that begins with the page, without the site."""
    found = re.search(re.escape(settings.SITE_URL + page) + r"\S+", str(mail.body))
    assert found is not None, mail.body
    return found[0].removeprefix(settings.SITE_URL)


def links_to(page: str, mails: Sequence[EmailMultiAlternatives]) -> list[str]:
    """The path of that link in every mail that has one, oldest first."""
    return [link_in(mail, page) for mail in mails if settings.SITE_URL + page in str(mail.body)]
