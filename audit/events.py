"""The catalogue: everything we record, in words, and whether its owner is told by mail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Event:
    """A kind of thing that happens. words may use the details of the event as %(name)s."""

    slug: str
    words: StrPromise
    alerts: bool = False


SIGNED_UP = Event("signed_up", _("Your account was created"))
SIGNED_IN = Event("signed_in", _("You signed in"))
SIGNED_OUT = Event("signed_out", _("You signed out"))
PASSWORD_WRONG = Event("password.failed", _("A wrong password was tried"))
ANSWER_WRONG = Event("second_factor.failed", _("A second step failed"))
ANSWER_UNCHECKABLE = Event("second_factor.unavailable", _("A second step could not be checked and was refused"))
CONFIRMED = Event("confirmed", _("You confirmed that it is you"))
PASSWORD_CHANGED = Event("password.changed", _("Your password was changed"), alerts=True)
PASSWORD_RESET_ASKED = Event("password.reset_asked", _("A new password was asked for"))
PASSWORD_RESET = Event("password.reset", _("Your password was reset"), alerts=True)
METHOD_ADDED = Event("method.added", _("“%(name)s” was added as a second step"), alerts=True)
METHOD_RENAMED = Event("method.renamed", _("“%(old_name)s” is now called “%(name)s”"), alerts=True)
METHOD_REMOVED = Event("method.removed", _("“%(name)s” was removed as a second step"), alerts=True)

EVENTS = {event.slug: event for event in vars().copy().values() if isinstance(event, Event)}
