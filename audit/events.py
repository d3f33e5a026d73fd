"""The catalogue: everything we record, in words, and whether its owner is told, by mail and on their phones."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.db import models
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class Category(models.TextChoices):
    """What the activity page can show alone."""

    SIGN_IN = "sign_in", _("Sign-ins")
    CHANGE = "change", _("Changes")
    BLOCKED = "blocked", _("Blocked")

    @property
    def icon(self) -> str:
        return {"sign_in": "key", "change": "gear", "blocked": "shield-off"}[self.value]


@dataclass(frozen=True)
class Event:
    """A kind of thing that happens. words may use the details of the event as %(name)s."""

    slug: str
    words: StrPromise
    category: Category = Category.CHANGE
    alerts: bool = False  # by the mail that most events have, or by told_by
    told_by: str = "security_event"
    has_own_mail: bool = False  # whoever records it sends a mail with more in it
    by_the_hour: bool = False  # a change that is told as what repeats itself is: it can be made without a confirmation
    subject: StrPromise | str = ""  # of the mail; the words if it is empty

    @property
    def is_told(self) -> bool:
        return self.alerts or self.has_own_mail

    @property
    def group(self) -> str:
        """What repeats itself is told by the hour, under this name; "" if each is told at once."""
        return "" if self.category is Category.CHANGE and not self.by_the_hour else self.slug

    def untold(self) -> Event:
        """The same, for where another mail tells of it."""
        return replace(self, alerts=False, has_own_mail=False)


SIGN_IN, BLOCKED = Category.SIGN_IN, Category.BLOCKED

SIGNED_UP = Event("signed_up", _("Your account was created"))
SIGNED_IN = Event("signed_in", _("You signed in"), SIGN_IN)
SIGNED_IN_NEW = Event("signed_in.new_place", _("You signed in from a new place or browser"), SIGN_IN)
HALF_FINISHED = Event(
    "sign_in.half_finished",
    _("A sign-in with the right password stopped at the second step"),
    BLOCKED,
    has_own_mail=True,
)
SIGNED_OUT = Event("signed_out", _("You signed out"), SIGN_IN)
PASSWORD_WRONG = Event("password.failed", _("A wrong password was tried"), BLOCKED)
ANSWER_WRONG = Event("second_factor.failed", _("A second step failed"), BLOCKED)
ANSWER_UNCHECKABLE = Event(
    "second_factor.unavailable", _("A second step could not be checked and was refused"), BLOCKED
)
LIMIT_CLOSED = Event("limit.closed", _("Too many wrong tries: further ones were refused for a while"), BLOCKED)
CONFIRMED = Event("confirmed", _("You confirmed that it is you"), SIGN_IN)
CONFIRM_FAILED = Event("confirm.failed", _("A confirmation that it is you failed"), BLOCKED)
PASSWORD_CHANGED = Event("password.changed", _("Your password was changed"), alerts=True)
PASSWORD_RESET_ASKED = Event("password.reset_asked", _("A new password was asked for"))
PASSWORD_RESET = Event("password.reset", _("Your password was reset"), alerts=True)
BACKUP_USED = Event("backup_codes.used", _("A backup code was used. %(left)s left"), SIGN_IN, alerts=True)
CODES_SAVED = Event("backup_codes.saved", _("You saved your backup codes"))
CODES_RENEWED = Event(
    "backup_codes.renewed", _("New backup codes were created. The old ones stopped working"), alerts=True
)
METHODS_ON = Event(  # its mail undoes it
    "method.first_added", _("Two-step verification was turned on with “%(name)s”"), has_own_mail=True
)
METHODS_UNDONE = Event(
    "method.first_undone", _("Two-step verification was turned off again by the link in our mail"), alerts=True
)
FIRST_METHOD_ASKED = Event(
    "method.first_asked", _("Somebody in a new place wanted to turn on two-step verification"), has_own_mail=True
)
METHOD_ADDED = Event("method.added", _("“%(name)s” was added as a second step"), alerts=True)
METHOD_RENAMED = Event("method.renamed", _("“%(old_name)s” is now called “%(name)s”"), alerts=True)
METHOD_REPLACED = Event(
    "method.replaced", _("“%(old_name)s” was replaced by a new second step, “%(name)s”"), alerts=True
)
METHODS_OFF = Event("method.all_removed", _("Two-step verification was turned off"), alerts=True)
PUSH_DENIED = Event("push.denied", _("You blocked a sign-in on your phone (“%(name)s”)"), BLOCKED)
PUSH_NOT_ME = Event(
    "push.not_me",
    _("You said on your phone (“%(name)s”) that a sign-in was not you. It has ended. Somebody knows your password"),
    BLOCKED,
    alerts=True,
    told_by="password_known",
    subject=_("You blocked a sign-in. Change your password."),
)
PUSH_PAUSED = Event(
    "push.paused",
    _("You blocked sign-ins on your phone %(times)s times. We send no more requests for a day. Change your password"),
    BLOCKED,
    alerts=True,
    told_by="password_known",
    subject=_("You blocked several sign-ins. Change your password."),
)
CODES_GUESSED = Event("second_factor.guessed", _("Somebody is trying codes"), BLOCKED, alerts=True)
KEY_COPIED = Event(
    "webauthn.copied", _("“%(name)s” may have been copied: its answer was refused, and it no longer counts"),
    BLOCKED, alerts=True, subject=_("A passkey or security key of yours may have been copied"),
)  # fmt: skip
PASSWORDS_GUESSED = Event(
    "password.guessed", _("Somebody who is signed in as you is trying passwords"), BLOCKED, alerts=True
)
METHOD_REMOVED = Event("method.removed", _("“%(name)s” was removed as a second step"), alerts=True)
METHOD_LOST = Event(
    "method.lost", _("“%(name)s” was removed as a second step, because somebody else may have it"), alerts=True
)
METHODS_PUT_BACK = Event(
    "method.put_back", _("Your second steps were put back as they were before a change"), alerts=True
)
METHODS_PUT_BACK_LATER = Event(
    "method.put_back_later",
    _("Your second steps are put back as they were before a change. “%(name)s” works again in 24 hours"),
    alerts=True,
)
METHOD_RETURNED = Event("method.returned", _("“%(name)s” works again as a second step"), alerts=True)
EMAIL_CHANGE_ASKED = Event(  # its mail has a link to stop it
    "email.change_asked", _("Another email was asked for"), has_own_mail=True
)
EMAIL_CHANGE_STOPPED = Event("email.change_stopped", _("A change of your email was stopped"), alerts=True)
EMAIL_CHANGED = Event("email.changed", _("Your email was changed"), alerts=True)
EMAIL_RESTORED = Event("email.restored", _("Your former email was restored"), alerts=True)
SESSION_ENDED = Event("session.ended", _("You signed out “%(name)s” from another browser"))
SESSIONS_ENDED = Event("session.others_ended", _("You signed out everywhere else"))
BROWSER_REMEMBERED = Event("browser.remembered", _("A browser may skip the second step for 30 days"))
BROWSER_FORGOTTEN = Event("browser.forgotten", _("“%(name)s” may not skip the second step any more"))
BROWSERS_FORGOTTEN = Event("browser.all_forgotten", _("No browser may skip the second step any more"))
BROWSER_STOLEN = Event(
    "browser.stolen",
    _("A copy of your remembered browser was used with your password. We forgot it and signed both out"),
    BLOCKED,
    alerts=True,
    told_by="password_known",
    subject=_("A copy of your remembered browser was used"),
)
EVERY_TIME_ON = Event("every_time.on", _("The second step is asked for every time you open your browser"), alerts=True)
EVERY_TIME_OFF = Event(
    "every_time.off", _("The second step is not asked for every time you open your browser any more"), alerts=True
)
NAME_CHANGED = Event("profile.name_changed", _("Your name was changed"), alerts=True)
COUNTRY_CHANGED = Event("profile.country_changed", _("The country you live in was changed"), alerts=True)
ALERTS_ON = Event(
    "alerts.on", _("Mails about sign-ins from new places and browsers were turned on"), alerts=True, by_the_hour=True
)
ALERTS_OFF = Event(
    "alerts.off", _("Mails about sign-ins from new places and browsers were turned off"), alerts=True, by_the_hour=True
)
EXPORTED = Event("account.exported", _("Everything we store about you was downloaded"), alerts=True)
DELETION_ASKED = Event(  # its mail has a link to undo it
    "account.deletion_asked", _("Your account was deleted"), has_own_mail=True
)
ACCOUNT_RESTORED = Event("account.restored", _("Your account was restored"), alerts=True)
CHECK_UP_PASSED = Event("check_up.passed", _("You tested your second step, and it works"), SIGN_IN)
OTHERS_SIGNED_OUT = Event("sessions.others_ended", _("Every other browser was signed out"), alerts=True)
ACCOUNT_LOCKED = Event("account.locked", _("Your account was locked"), has_own_mail=True)  # its mail is the way out
ACCOUNT_UNLOCKED = Event("account.unlocked", _("Your account was unlocked"), alerts=True, told_by="back_in")
LOCKED_REFUSED = Event(
    "sign_in.locked", _("A sign-in with the right password was refused: the account is locked"), BLOCKED
)

EVENTS = {event.slug: event for event in vars().copy().values() if isinstance(event, Event)}


def event_of(slug: str) -> Event:
    """Its entry in the catalogue; one that a later version dropped is called by its slug."""
    return EVENTS.get(slug) or Event(slug, format_lazy("{}", slug))
