"""For each event, how it comes about by the front door. A new event needs its story here."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.test import Client

from accounts.login.alerts import tell_half_finished
from tests.accounts.mailbox import links_to
from tests.bed.authenticators import Authenticator
from tests.bed.people import PASSWORD, code_app, give_password, security_key, sign_in, totp_code
from tests.twofactor.enrolment.front_door import code_of, shown_secret, turn_on
from tests.twofactor.methods.push.phones import linked_phone, through
from tests.twofactor.methods.webauthn.front_door import answer as answer_by_key
from twofactor.devices.actions import bring_back_due
from twofactor.models import BackupCodes, TOTPDevice, TrustedBrowser

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives

    from accounts.user.models import User
    from tests.bed.clock import TestClock
    from tests.bed.phone import Phone

HOME, ELSEWHERE = "203.0.113.7", "198.51.100.9"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
CURL = "curl/8.11.0"
WRONG = "000000"


def browser(ip: str = HOME, agent: str = FIREFOX) -> Client:
    return Client(REMOTE_ADDR=ip, HTTP_USER_AGENT=agent)


@dataclass
class Life:
    """Alice, what she reads, and the browser at hand."""

    alice: User
    outbox: Callable[[], list[EmailMultiAlternatives]]
    clock: TestClock
    here: Client = field(default_factory=browser)

    def link(self, page: str) -> str:
        """The newest one to that page in her mail."""
        return links_to(page, self.outbox())[-1]

    def enters(self) -> None:
        sign_in(self.here, self.alice)
        self.clock.advance(timedelta(minutes=1))  # the code is over

    def has_app(self) -> TOTPDevice:
        return code_app(self.alice, "Phone")

    def gives_password(self) -> None:
        give_password(self.here, self.alice)

    def wrong_codes(self, page: str, count: int) -> None:
        for _ in range(count):
            self.here.post(page, {"code": WRONG})

    def asks_for_email(self) -> None:
        self.enters()
        self.here.post("/email/", {"email": "alice@new.example"})


# ── Signing up and in ──
def signed_up(life: Life) -> None:
    life.here.post("/signup/", {"email": "dora@alpina.example", "name": "Dora", "password": PASSWORD, "country": "CH"})
    life.here.post(life.link("/signup/verify/"), {"password": PASSWORD})


def signed_in(life: Life) -> None:
    life.has_app()
    life.enters()


def signed_in_from_new_place(life: Life) -> None:
    signed_in(life)
    life.here = browser(ELSEWHERE, CURL)
    life.enters()


def half_finished(life: Life) -> None:
    life.has_app()
    life.gives_password()
    life.clock.advance(timedelta(minutes=11))
    tell_half_finished()


def signed_out(life: Life) -> None:
    life.enters()
    life.here.post("/logout/")


def wrong_password(life: Life) -> None:
    give_password(life.here, life.alice, "wrong")


def closed_limit(life: Life) -> None:
    for _ in range(5):
        wrong_password(life)


# ── The second step ──
def wrong_code(life: Life) -> None:
    life.has_app()
    life.gives_password()
    life.wrong_codes("/login/verify/totp/", 1)


def guessed_codes(life: Life) -> None:
    life.has_app()
    life.gives_password()
    life.wrong_codes("/login/verify/totp/", 5)


def unreadable_secret(life: Life) -> None:
    life.has_app()
    life.gives_password()
    TOTPDevice.objects.update(sealed_secret="v1.gone.AAAA")
    life.wrong_codes("/login/verify/totp/", 1)


def used_backup(life: Life) -> None:
    life.has_app()
    with transaction.atomic():
        BackupCodes.make_for(life.alice)
    life.gives_password()
    life.here.post("/login/verify/backup-codes/", {"code": BackupCodes.objects.get().plain[0]})


# ── Confirming ──
def confirmed(life: Life) -> None:
    phone = life.has_app()
    life.enters()
    life.here.post("/confirm/", {"code": totp_code(phone)})


def passed_check_up(life: Life) -> None:
    phone = life.has_app()
    life.enters()
    life.here.post("/2fa/check-up/")
    life.here.post("/confirm/", {"code": totp_code(phone)})


def not_confirmed(life: Life) -> None:
    signed_in(life)
    life.wrong_codes("/confirm/", 1)


def guessed_passwords(life: Life) -> None:
    life.enters()
    for _ in range(5):
        life.here.post("/confirm/", {"password": "wrong"})


# ── Passwords ──
def changed_password(life: Life) -> None:
    life.enters()
    life.here.post("/password/", {"current_password": PASSWORD, "password": "Nine-Herons-Wait-By-Ponds"})


def asked_for_reset(life: Life) -> None:
    life.here.post("/password/forgot/", {"login": life.alice.email})


def reset_password(life: Life) -> None:
    asked_for_reset(life)
    life.here.post(life.link("/password/reset/"), {"password": "Nine-Herons-Wait-By-Ponds"})


# ── Methods ──
def turned_on(life: Life) -> None:
    life.enters()
    turn_on(life.here)


def undone(life: Life) -> None:
    turned_on(life)
    browser(ELSEWHERE).post(life.link("/2fa/undo/"))


def asked_by_mail(life: Life) -> None:
    life.enters()
    life.clock.advance(timedelta(days=30))
    life.here = browser(ELSEWHERE, CURL)
    life.enters()
    life.here.post("/2fa/check/?next=/2fa/totp/add/")


def saved_codes(life: Life) -> None:
    turned_on(life)
    life.here.post("/2fa/backup-codes/", {"saved": "on"})


def renewed_codes(life: Life) -> None:
    turned_on(life)
    life.here.post("/2fa/backup-codes/renew/")


def added(life: Life) -> None:
    signed_in(life)
    turn_on(life.here, "Tablet")


def renamed(life: Life) -> None:
    phone = life.has_app()
    life.enters()
    life.here.post(f"/2fa/totp/{phone.pk}/", {"name": "Old phone"})


def replaced(life: Life) -> None:
    phone = life.has_app()
    life.enters()
    page = f"/2fa/totp/{phone.pk}/replace/"
    life.here.post(page, {"code": code_of(shown_secret(life.here, page)), "name": "New phone"})


def removed(life: Life) -> None:
    life.has_app()
    code_app(life.alice, "Tablet")
    life.enters()
    life.here.post(f"/2fa/totp/{TOTPDevice.objects.get(name='Tablet').pk}/remove/")


def lost(life: Life) -> None:
    life.has_app()
    code_app(life.alice, "Tablet")
    life.enters()
    life.here.post(f"/2fa/totp/{TOTPDevice.objects.get(name='Tablet').pk}/remove/", {"is_lost": "on"})


def put_back(life: Life) -> None:
    removed(life)
    browser().post(life.link("/not-me/"))


def put_back_later(life: Life) -> None:
    lost(life)
    browser().post(life.link("/not-me/"))


def returned(life: Life) -> None:
    put_back_later(life)
    life.outbox()
    life.clock.advance(timedelta(hours=24, minutes=1))
    bring_back_due()


def turned_off(life: Life) -> None:
    signed_in(life)
    life.here.post("/2fa/disable/", {"password": PASSWORD})


def copied_key(life: Life) -> None:
    key = security_key(life.alice, sign_count=10)
    copy = Authenticator(credential_id=key.credential_id, user_handle=key.user_handle, sign_count=8)
    copy.private_key = key.private_key
    life.gives_password()
    answer_by_key(life.here, copy)


# ── The phone ──
def blocked(life: Life, reason: str = "mistake") -> None:
    phone = linked_phone(life.alice)
    phone.transport = through(browser())
    blocked_again(life, phone, reason)


def blocked_again(life: Life, phone: Phone, reason: str = "mistake") -> None:
    life.gives_password()
    phone.no(phone.pending()[0], reason)


def said_not_me(life: Life) -> None:
    blocked(life, "not_me")


def blocked_thrice(life: Life) -> None:
    phone = linked_phone(life.alice)
    phone.transport = through(browser())
    for _ in range(3):
        life.clock.advance(timedelta(minutes=11))  # no request for five after a no, no more than three in ten
        blocked_again(life, phone)


# ── Browsers ──
def ended_session(life: Life) -> None:
    sign_in(browser(ELSEWHERE), life.alice)
    life.enters()
    life.here.post(f"/sessions/{life.alice.sessions.earliest('pk').pk}/end/")


def ended_sessions(life: Life) -> None:
    life.enters()
    life.here.post("/sessions/others/end/")


def remembered(life: Life) -> None:
    app = life.has_app()
    life.gives_password()
    life.here.post("/login/verify/totp/", {"code": totp_code(app), "remember_browser": "on"})


def forgot_browser(life: Life) -> None:
    remembered(life)
    life.here.post(f"/2fa/browsers/{TrustedBrowser.objects.get().pk}/forget/")


def forgot_browsers(life: Life) -> None:
    remembered(life)
    life.here.post("/2fa/browsers/forget/")


def stolen_browser(life: Life) -> None:
    remembered(life)
    copy = browser(ELSEWHERE)
    copy.cookies["browser"] = life.here.cookies["browser"].value
    life.here.post("/logout/")
    life.gives_password()
    life.clock.advance(timedelta(minutes=1))
    give_password(copy, life.alice)


def switched_every_time(life: Life) -> None:
    remembered(life)
    for wanted in ("on", "off"):
        life.here.post("/2fa/every-time/", {"wanted": wanted})


# ── The account ──
def stopped_email(life: Life) -> None:
    life.asks_for_email()
    life.here.post("/email/cancel/")


def changed_email(life: Life) -> None:
    life.asks_for_email()
    life.here.post(life.link("/email/verify/"))


def restored_email(life: Life) -> None:
    changed_email(life)
    browser(ELSEWHERE).post(life.link("/email/stop/"))


def changed_profile(life: Life) -> None:
    life.enters()
    life.here.post("/profile/", {"name": "Alice Other", "country": "FR"})


def switched_alerts(life: Life) -> None:
    life.enters()
    for alerts in ({}, {"alerts": "on"}):
        life.here.post("/settings/", {"language": "en", "time_zone": "UTC", **alerts})


def exported(life: Life) -> None:
    life.enters()
    life.here.post("/settings/export/")


def deleted(life: Life) -> None:
    life.enters()
    life.here.post("/settings/delete/", {"password": PASSWORD})


def restored(life: Life) -> None:
    deleted(life)
    browser(ELSEWHERE).post(life.link("/settings/restore/"))


# ── Locking ──
def locked(life: Life) -> None:
    changed_profile(life)
    browser(ELSEWHERE).post(life.link("/not-me/"))


def refused(life: Life) -> None:
    locked(life)
    life.gives_password()


def signed_out_others(life: Life) -> None:
    life.enters()
    life.here.post("/secure/others/")


def unlocked(life: Life) -> None:
    phone = life.has_app()
    locked(life)
    life.here.post(life.link("/password/reset/"), {"password": "Nine-Herons-Wait-By-Ponds"})
    life.here.post("/login/verify/totp/", {"code": totp_code(phone)})


@dataclass(frozen=True)
class Story:
    """How an event comes about; who did it, as far as the portal can tell; what was used to prove it."""

    tell: Callable[[Life], None]
    has_actor: bool = True
    method: str = ""  # "" where the event itself says it, or nothing was proved
    in_request: bool = True


STORIES = {
    "signed_up": Story(signed_up),
    "signed_in": Story(signed_in, method="totp"),
    "signed_in.new_place": Story(signed_in_from_new_place, method="totp"),
    "sign_in.half_finished": Story(half_finished, has_actor=False, in_request=False),  # a worker notices
    "signed_out": Story(signed_out),
    "password.failed": Story(wrong_password, has_actor=False),
    "limit.closed": Story(closed_limit, has_actor=False),
    "second_factor.failed": Story(wrong_code, has_actor=False, method="totp"),
    "second_factor.guessed": Story(guessed_codes, has_actor=False),
    "second_factor.unavailable": Story(unreadable_secret, has_actor=False, method="totp"),
    "backup_codes.used": Story(used_backup),
    "confirmed": Story(confirmed, method="totp"),
    "confirm.failed": Story(not_confirmed, method="totp"),
    "password.guessed": Story(guessed_passwords),
    "password.changed": Story(changed_password),
    "password.reset_asked": Story(asked_for_reset, has_actor=False),
    "password.reset": Story(reset_password, has_actor=False),  # by a link: nobody is signed in
    "method.first_added": Story(turned_on, method="totp"),
    "method.first_undone": Story(undone, has_actor=False),
    "method.first_asked": Story(asked_by_mail),
    "backup_codes.saved": Story(saved_codes),
    "backup_codes.renewed": Story(renewed_codes),
    "method.added": Story(added, method="totp"),
    "method.renamed": Story(renamed, method="totp"),
    "method.replaced": Story(replaced, method="totp"),
    "method.removed": Story(removed, method="totp"),
    "method.lost": Story(lost, method="totp"),
    "method.put_back": Story(put_back, has_actor=False),
    "method.put_back_later": Story(put_back_later, has_actor=False),
    "method.returned": Story(returned, has_actor=False, method="totp", in_request=False),
    "method.all_removed": Story(turned_off),
    "webauthn.copied": Story(copied_key, has_actor=False),
    "push.denied": Story(blocked),
    "push.not_me": Story(said_not_me),
    "push.paused": Story(blocked_thrice),
    "session.ended": Story(ended_session),
    "session.others_ended": Story(ended_sessions),
    "browser.remembered": Story(remembered),
    "browser.forgotten": Story(forgot_browser),
    "browser.all_forgotten": Story(forgot_browsers),
    "browser.stolen": Story(stolen_browser, has_actor=False),
    "every_time.on": Story(switched_every_time),
    "every_time.off": Story(switched_every_time),
    "email.change_asked": Story(lambda life: life.asks_for_email()),
    "email.change_stopped": Story(stopped_email),
    "email.changed": Story(changed_email),
    "email.restored": Story(restored_email, has_actor=False),
    "profile.name_changed": Story(changed_profile),
    "profile.country_changed": Story(changed_profile),
    "alerts.on": Story(switched_alerts),
    "alerts.off": Story(switched_alerts),
    "account.exported": Story(exported),
    "account.deletion_asked": Story(deleted),
    "account.restored": Story(restored, has_actor=False),
    "account.locked": Story(locked, has_actor=False),
    "check_up.passed": Story(passed_check_up, method="totp"),
    "sessions.others_ended": Story(signed_out_others),
    "account.unlocked": Story(unlocked),
    "sign_in.locked": Story(refused, has_actor=False),
}
