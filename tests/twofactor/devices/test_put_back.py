"""Taking a change of second factors back: by the link in its alert, whoever made it (a stolen session, mostly)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client

from accounts.models import User
from accounts.password.actions import ask_reset
from accounts.password.models import PasswordReset
from accounts.user.models import Protection
from audit.models import SecurityEvent
from lib import rotation
from lib.origin import NOWHERE
from messaging.models import Message
from tests.accounts.lock.locking import is_locked, set_password
from tests.accounts.mailbox import links_to, mails_to
from tests.bed.authenticators import b64
from tests.bed.people import PASSWORD, code_app, give_password, security_key, sign_in, totp_code
from tests.twofactor.enrolment.front_door import HOME, OFFICE, code_of, is_in, shown_secret, signed_in_at, turn_on
from twofactor.devices import actions
from twofactor.devices.owned import kinds, protection_of
from twofactor.housekeeping import purge
from twofactor.models import BackupCodes, Enrolment, MethodChange, TOTPDevice, WebAuthnDevice
from twofactor.tasks import bring_methods_back

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from django.http import HttpResponse

    from tests.bed.clock import TestClock

    Outbox = Callable[[], list[EmailMultiAlternatives]]

pytestmark = pytest.mark.django_db
PAGE = "/not-me/"
VERIFY = "/login/verify/totp/"
SECRETS = rotation.SealedColumn(TOTPDevice, TOTPDevice.sealed_fields[0])
CODES = "/login/verify/backup-codes/"
DAY = timedelta(hours=24, minutes=1)
WORKING: dict[int, str] = {}  # which password works, where it is not the first


@pytest.fixture
def phone(alice: User) -> TOTPDevice:
    """Alice's own code app; the backup codes that came with it are on her sheet."""
    device = code_app(alice, "Phone")
    with transaction.atomic():
        actions.make_missing_backups(alice)
    return device


@pytest.fixture
def sheet(alice: User, phone: TOTPDevice) -> list[str]:
    return BackupCodes.objects.get(user=phone.user).plain if alice else []


@pytest.fixture
def thief(alice: User, phone: TOTPDevice, clock: TestClock) -> Client:
    """A copy of the cookies of a browser in which Alice signed in a moment ago."""
    owner = Client()
    sign_in(owner, alice)
    clock.advance(timedelta(minutes=1))
    copy = Client()
    copy.cookies.update(owner.cookies)
    return copy if phone else owner


def remove(browser: Client, device: TOTPDevice, **fields: str) -> None:
    assert browser.post(f"/2fa/totp/{device.pk}/remove/", fields).status_code == 302


def names(user: User) -> set[str]:
    """What counts."""
    return {device.called for kind in kinds() for device in kind.objects.filter(user=user)}


def link_about(slug: str, outbox: Outbox) -> str:
    """The one in the latest mail about such an event."""
    outbox()
    event = SecurityEvent.objects.filter(slug=slug).latest("pk")
    told = Message.objects.filter(details__event=event.pk, channel="email").earliest("created_at")
    return links_to(PAGE, [mail for mail in outbox() if told.pk.hex in mail.extra_headers["Message-ID"]])[-1]


def say_not_me(slug: str, outbox: Outbox) -> None:
    assert Client().post(link_about(slug, outbox)).status_code == 302


def come_back(user: User, browser: Client | None = None) -> HttpResponse:
    """The first half of the way out of a lock: a link in a mail, which whoever reads the mailbox can ask for."""
    ask_reset(user.email, origin=NOWHERE)
    password = f"Green-Bottles-Hang-{PasswordReset.objects.count()}-Low"
    WORKING[user.pk] = password
    return set_password(user, password, browser=browser)


def enters(user: User, page: str, code: str) -> bool:
    """Whether somebody who has the mailbox, and knows the password, gets in with this code."""
    browser = Client()
    if User.objects.get(pk=user.pk).is_barred:
        come_back(user, browser)
    else:
        give_password(browser, user, WORKING.get(user.pk, PASSWORD))
    browser.post(page, {"code": code})
    return is_in(browser)


def with_phone(user: User, device: TOTPDevice) -> bool:
    TOTPDevice.everything.filter(pk=device.pk).update(last_step=-1)
    return enters(user, VERIFY, totp_code(device))


# ── A stolen session ──
@pytest.mark.parametrize("by", ["removed", "replaced", "lost"])
def test_whoever_has_a_copied_cookie_cannot_keep_the_account(
    by: str, *, alice: User, thief: Client, phone: TOTPDevice, sheet: list[str], outbox: Outbox, clock: TestClock
) -> None:
    secret = turn_on(thief, "Thief’s")
    first = "method.added"
    if by == "replaced":
        page = f"/2fa/totp/{phone.pk}/replace/"
        code = code_of(shown_secret(thief, page))
        assert thief.post(page, {"code": code, "name": "Thief’s second"})["Location"] == "/2fa/"
    else:
        remove(thief, phone, **({"is_lost": "on"} if by == "lost" else {}))
    thief.post("/2fa/backup-codes/renew/")
    clock.advance(timedelta(minutes=2))
    assert "Phone" not in names(alice)

    say_not_me(first, outbox)

    assert not is_in(thief)
    assert is_locked(alice)
    assert names(alice) == ({"Backup codes"} if by == "lost" else {"Phone", "Backup codes"})
    assert not enters(alice, VERIFY, code_of(secret))
    if by == "lost":
        assert not with_phone(alice, phone)
        assert enters(alice, CODES, sheet[0])
    else:
        assert with_phone(alice, phone)
    call_command("portal_invariants")


@pytest.mark.parametrize(
    ("slug", "left"),
    [
        ("method.added", {"Phone", "Backup codes"}),
        ("method.removed", {"Phone", "Thief’s", "Backup codes"}),
        ("backup_codes.renewed", {"Thief’s", "Backup codes"}),
    ],
)
def test_any_alert_puts_back_what_stood_before_its_change(
    slug: str, left: set[str], *, alice: User, thief: Client, phone: TOTPDevice, sheet: list[str], outbox: Outbox
) -> None:
    turn_on(thief, "Thief’s")
    remove(thief, phone)
    thief.post("/2fa/backup-codes/renew/")

    say_not_me(slug, outbox)

    assert names(alice) == left
    assert BackupCodes.objects.get(user=alice).plain == sheet


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (0, 2, 1), (1, 0, 2)])
def test_in_whatever_order_the_links_are_opened(
    order: tuple[int, ...], *, alice: User, thief: Client, phone: TOTPDevice, sheet: list[str], outbox: Outbox
) -> None:
    """The earliest change decides: what it added does not come back by the link of a later one."""
    turn_on(thief, "Thief’s")
    remove(thief, phone)
    thief.post("/2fa/backup-codes/renew/")
    links = [link_about(slug, outbox) for slug in ("method.added", "method.removed", "backup_codes.renewed")]

    for number in order:
        assert Client().post(links[number]).status_code == 302

    assert names(alice) == {"Phone", "Backup codes"}
    assert User.objects.get(pk=alice.pk).method_returns_at is None
    assert BackupCodes.objects.get(user=alice).plain == sheet


def test_turning_it_off_is_such_a_change(
    *, alice: User, thief: Client, phone: TOTPDevice, sheet: list[str], outbox: Outbox, clock: TestClock
) -> None:
    thief.post("/2fa/disable/", {"password": PASSWORD})
    assert names(alice) == set()
    secret = turn_on(thief, "Thief’s")
    clock.advance(timedelta(minutes=2))

    page = Client().get(link_about("method.all_removed", outbox)).content.decode()
    say_not_me("method.all_removed", outbox)

    assert "“<bdi>Phone</bdi>” works again as a second step." in page
    assert "“<bdi>Thief’s</bdi>” stops working as a second step." in page
    assert not enters(alice, VERIFY, code_of(secret))
    assert with_phone(alice, phone)
    assert enters(alice, CODES, sheet[3])


def test_from_the_activity_page_too(alice: User, thief: Client, phone: TOTPDevice) -> None:
    turn_on(thief, "Thief’s")
    remove(thief, phone)
    event = SecurityEvent.objects.get(slug="method.added")

    thief.post(f"/activity/{event.seq}/not-me/")

    assert names(alice) == {"Phone", "Backup codes"}
    assert is_locked(alice)


def test_an_account_that_is_locked_already_gets_them_back(
    alice: User, thief: Client, phone: TOTPDevice, outbox: Outbox
) -> None:
    turn_on(thief, "Thief’s")
    remove(thief, phone)
    say_not_me("method.removed", outbox)

    say_not_me("method.added", outbox)

    assert names(alice) == {"Phone", "Backup codes"}
    assert is_locked(alice)
    assert with_phone(alice, phone)


def test_a_used_code_stays_used(alice: User, thief: Client, sheet: list[str], outbox: Outbox) -> None:
    assert enters(alice, CODES, sheet[0])
    browser = Client()
    give_password(browser, alice)
    browser.post(CODES, {"code": sheet[1]})
    browser.post("/2fa/backup-codes/renew/")

    say_not_me("backup_codes.renewed", outbox)

    assert not enters(alice, CODES, sheet[0])
    assert enters(alice, CODES, sheet[2])
    assert not is_in(thief)


# ── How long ──
@pytest.mark.parametrize(("days", "status"), [(6.9, 302), (7.1, 410)])
def test_its_link_works_for_seven_days(
    days: float, status: int, *, alice: User, thief: Client, phone: TOTPDevice, outbox: Outbox, clock: TestClock
) -> None:
    turn_on(thief, "Thief’s")
    link = link_about("method.added", outbox)
    assert "works for 7 days" in " ".join(str(outbox()[-1].body).split())
    clock.advance(timedelta(days=days))

    assert Client().post(link).status_code == status
    assert (names(alice) == {"Phone", "Backup codes"}) is (status == 302)
    assert phone.user == alice


def test_other_alerts_keep_their_day(alices: Client, outbox: Outbox, clock: TestClock) -> None:
    alices.post("/profile/", {"name": "Alice New", "country": "CH"})
    link = links_to(PAGE, outbox())[-1]
    clock.advance(timedelta(hours=25))

    assert Client().get(link).status_code == 410


def test_what_was_removed_is_gone_for_good_after_a_week(
    alice: User, thief: Client, phone: TOTPDevice, clock: TestClock
) -> None:
    turn_on(thief, "New")
    remove(thief, phone)
    thief.post("/2fa/backup-codes/renew/")
    clock.advance(timedelta(days=6, hours=23))
    purge()
    assert (TOTPDevice.everything.count(), BackupCodes.everything.count()) == (2, 2)

    clock.advance(timedelta(hours=2))
    purge()

    assert (TOTPDevice.everything.get().name, BackupCodes.everything.count()) == ("New", 1)
    assert names(alice) == {"New", "Backup codes"}


def test_while_it_is_contested_nothing_is_deleted(
    alice: User, thief: Client, phone: TOTPDevice, outbox: Outbox, clock: TestClock
) -> None:
    turn_on(thief, "New")
    remove(thief, phone, is_lost="on")
    clock.advance(timedelta(days=6))
    say_not_me("method.lost", outbox)
    clock.advance(timedelta(hours=2))
    say_not_me("method.put_back_later", outbox)
    clock.advance(timedelta(days=6))

    purge()

    assert TOTPDevice.everything.filter(user=alice).count() == 2


def test_an_account_is_deleted_with_what_was_removed(alice: User, thief: Client, phone: TOTPDevice) -> None:
    turn_on(thief, "New")
    remove(thief, phone)

    User.objects.get(pk=alice.pk).delete()

    assert not TOTPDevice.everything.exists()
    assert not MethodChange.objects.exists()


# ── Sealed: as good as gone ──
def test_a_removed_one_counts_nowhere(alice: User, thief: Client, phone: TOTPDevice) -> None:
    turn_on(thief, "New")
    remove(thief, phone)

    assert TOTPDevice.everything.filter(pk=phone.pk).exists()
    thief.get("/2fa/")  # says that it is removed
    assert "Phone" not in thief.get("/2fa/").content.decode()
    assert thief.get(f"/2fa/totp/{phone.pk}/").status_code == 404
    assert thief.get(f"/2fa/totp/{phone.pk}/replace/").status_code == 404
    assert not with_phone(alice, phone)
    call_command("portal_invariants")


def test_its_secret_is_among_those_that_are_rotated_and_checked(thief: Client, phone: TOTPDevice) -> None:
    turn_on(thief, "New")
    remove(thief, phone)

    assert phone.pk in SECRETS.rows().values_list("pk", flat=True)


def test_the_limit_of_five_counts_what_is_there(alice: User, thief: Client, phone: TOTPDevice, outbox: Outbox) -> None:
    """And to come back it needs no sixth place: whatever took its own is gone."""
    others = [code_app(alice, f"App {number}") for number in range(4)]
    remove(thief, phone)
    turn_on(thief, "Thief’s")
    assert thief.get("/2fa/totp/add/")["Location"] == "/2fa/"

    say_not_me("method.removed", outbox)

    assert names(alice) == {"Phone", "Backup codes", *(device.name for device in others)}


# ── What may be in other hands ──
@pytest.fixture
def lost(alice: User, phone: TOTPDevice, clock: TestClock) -> TOTPDevice:
    """Yesterday Alice lost her phone: she signed in with a backup code, added another one, and removed the old one."""
    browser, plain = Client(), BackupCodes.objects.get(user=alice).plain
    give_password(browser, alice)
    there = browser.post(CODES, {"code": plain[0]})["Location"]
    turn_on(browser, "New phone")
    page = f"/2fa/totp/{phone.pk}/remove/?next={there}"
    assert "Somebody else may have it" in browser.get(page).content.decode()
    browser.post(page)
    clock.advance(timedelta(hours=20))
    return phone


@pytest.mark.parametrize("slug", ["method.lost", "method.added"])
def test_a_lost_phone_and_the_mailbox_open_nothing_within_a_day(
    slug: str, alice: User, lost: TOTPDevice, outbox: Outbox, clock: TestClock
) -> None:
    say_not_me(slug, outbox)

    assert not with_phone(alice, lost)
    clock.advance(timedelta(hours=23, minutes=50))
    bring_methods_back()
    assert not with_phone(alice, lost)
    assert User.objects.get(pk=alice.pk).protection == Protection.STRONG
    call_command("portal_invariants")


def test_every_address_is_told_and_can_stop_it(alice: User, lost: TOTPDevice, outbox: Outbox, clock: TestClock) -> None:
    say_not_me("method.lost", outbox)
    told = [mail for mail in mails_to(alice.email, outbox()) if "“Phone” works again in 24 hours" in mail.subject]
    assert len(told) == 1
    stop = links_to(PAGE, told)[0]
    assert "“<bdi>Phone</bdi>” stays removed." in Client().get(stop).content.decode()

    Client().post(stop)
    clock.advance(DAY)
    bring_methods_back()

    assert "Phone" not in names(alice)
    assert "New phone" in names(alice)
    assert not with_phone(alice, lost)


def test_a_browser_that_is_in_is_told_on_every_page_and_can_stop_it(
    alice: User, lost: TOTPDevice, outbox: Outbox, clock: TestClock
) -> None:
    say_not_me("method.lost", outbox)
    browser, new = Client(), TOTPDevice.objects.get(user=alice, name="New phone")
    come_back(alice, browser)
    browser.post(VERIFY, {"code": totp_code(new)})
    assert all(b"is about to work again" in browser.get(page).content for page in ("/security/", "/2fa/", "/activity/"))
    assert "“<bdi>Phone</bdi>” works again from" in browser.get("/2fa/returning/").content.decode()

    assert browser.post("/2fa/returning/", follow=True).status_code == 200
    clock.advance(DAY)
    bring_methods_back()

    assert names(alice) == {"New phone", "Backup codes"}
    assert TOTPDevice.everything.filter(pk=lost.pk).exists()
    browser = Client()
    give_password(browser, alice, WORKING[alice.pk])
    browser.post(VERIFY, {"code": totp_code(new)})
    assert b"is about to work again" not in browser.get("/security/").content


def test_unstopped_it_works_again_after_a_day_and_is_told(
    alice: User, thief: Client, phone: TOTPDevice, outbox: Outbox, clock: TestClock
) -> None:
    """A thief says "lost" as easily as an owner: then the owner waits a day, and nobody gets in meanwhile."""
    secret = turn_on(thief, "Thief’s")
    remove(thief, phone, is_lost="on")
    say_not_me("method.added", outbox)
    BackupCodes.objects.all().delete()
    assert not with_phone(alice, phone)
    assert not enters(alice, VERIFY, code_of(secret))

    clock.advance(DAY)
    bring_methods_back()
    bring_methods_back()

    assert names(alice) == {"Phone"}
    assert [mail.subject for mail in outbox()].count("“Phone” works again as a second step") == 1
    assert with_phone(alice, phone)
    assert not enters(alice, VERIFY, code_of(secret))


def test_nothing_less_than_a_factor_opens_it_while_one_is_about_to_come_back(
    alice: User, thief: Client, phone: TOTPDevice, sheet: list[str], outbox: Outbox
) -> None:
    """Neither locked, nor after a backup code has opened it, does the password alone do."""
    turn_on(thief, "Thief’s")
    remove(thief, phone, is_lost="on")
    say_not_me("method.added", outbox)
    browser = Client()
    assert come_back(alice, browser).status_code == 302
    assert not is_in(browser)
    assert is_locked(alice)
    browser.get("/login/verify/", follow=True)
    browser.post(CODES, {"code": sheet[0]})
    assert is_in(browser)
    assert not is_locked(alice)

    other = Client()
    give_password(other, alice, WORKING[alice.pk])

    assert not is_in(other)
    assert other.get("/login/verify/backup-codes/").status_code == 200


def test_a_first_method_then_is_none(
    alice: User, thief: Client, phone: TOTPDevice, sheet: list[str], outbox: Outbox
) -> None:
    """Else its link would take off what is about to come back, too."""
    turn_on(thief, "Thief’s")
    remove(thief, phone, is_lost="on")
    say_not_me("method.added", outbox)
    browser = Client()
    come_back(alice, browser)
    browser.post(CODES, {"code": sheet[0]})

    turn_on(browser, "New phone")

    assert not Enrolment.objects.exists()
    assert SecurityEvent.objects.filter(slug="method.added").count() == 2


def test_what_is_not_mine_is_in_other_hands_too(
    alice: User, thief: Client, phone: TOTPDevice, outbox: Outbox, clock: TestClock
) -> None:
    """Whoever had it, and reads the mailbox, does not get it back by taking its removal back."""
    secret = turn_on(thief, "Thief’s")
    clock.advance(timedelta(minutes=1))
    owner, strange = Client(), TOTPDevice.objects.get(name="Thief’s")
    sign_in(owner, alice)
    owner.post(f"/2fa/totp/{strange.pk}/remove/?next=/secure/")

    say_not_me("method.lost", outbox)

    assert names(alice) == {"Phone", "Backup codes"}
    assert not enters(alice, VERIFY, code_of(secret))
    assert with_phone(alice, phone)


def test_replaced_because_it_was_lost_it_comes_back_late(
    alice: User, thief: Client, phone: TOTPDevice, outbox: Outbox, clock: TestClock
) -> None:
    page = f"/2fa/totp/{phone.pk}/replace/"
    assert 'name="is_lost"' in thief.get(page).content.decode()
    thief.post(page, {"code": code_of(shown_secret(thief, page)), "name": "New", "is_lost": "on"})
    clock.advance(timedelta(minutes=1))

    say_not_me("method.replaced", outbox)

    assert not with_phone(alice, phone)
    assert names(alice) == {"Backup codes"}


def test_renewed_codes_that_were_seen_come_back_late(
    alice: User, thief: Client, sheet: list[str], outbox: Outbox
) -> None:
    thief.post("/2fa/backup-codes/renew/", {"is_lost": "on"})

    say_not_me("backup_codes.renewed", outbox)

    assert not enters(alice, CODES, sheet[0])
    assert names(alice) == {"Phone"}


# ── Taking back what was taken back ──
def test_a_thief_who_reads_the_mailbox_gets_his_own_back_late_and_the_owner_stops_it(
    alice: User, thief: Client, phone: TOTPDevice, outbox: Outbox, clock: TestClock
) -> None:
    secret = turn_on(thief, "Thief’s")
    remove(thief, phone)
    say_not_me("method.added", outbox)

    say_not_me("method.put_back", outbox)

    assert names(alice) == {"Phone", "Backup codes"}  # what is older stays
    assert not enters(alice, VERIFY, code_of(secret))
    say_not_me("method.put_back_later", outbox)
    clock.advance(DAY)
    bring_methods_back()
    assert names(alice) == {"Phone", "Backup codes"}
    assert with_phone(alice, phone)


def test_who_reads_the_mailbox_cannot_keep_the_owner_out(
    alice: User, lost: TOTPDevice, outbox: Outbox, clock: TestClock
) -> None:
    """He takes the owner's new phone off; she says that this was not her, and has it back in a day."""
    new = TOTPDevice.objects.get(user=alice, name="New phone")
    say_not_me("method.added", outbox)
    assert "New phone" not in names(alice)

    say_not_me("method.put_back_later", outbox)
    clock.advance(DAY)
    bring_methods_back()

    assert "New phone" in names(alice)
    assert not with_phone(alice, lost)
    assert with_phone(alice, new)


def test_back_and_forth_never_ends_in_the_mailbox_alone(
    alice: User, thief: Client, phone: TOTPDevice, outbox: Outbox, clock: TestClock
) -> None:
    turn_on(thief, "Thief’s")
    remove(thief, phone, is_lost="on")
    BackupCodes.objects.all().delete()
    say_not_me("method.added", outbox)

    for _turn in range(5):
        clock.advance(timedelta(hours=23))
        bring_methods_back()
        say_not_me("method.put_back_later", outbox)
        user = User.objects.get(pk=alice.pk)
        assert user.protection == protection_of(user) == Protection.STRONG
        browser = Client()
        come_back(alice, browser)
        assert not is_in(browser)
        assert is_locked(alice)


# ── The first one of all ──
def test_not_me_about_a_first_method_leaves_none(alice: User, outbox: Outbox) -> None:
    """As before it: then the mailbox opens the account, as it would have."""
    thief = signed_in_at(HOME, alice)
    secret = turn_on(thief, "Thief’s")
    (link,) = links_to(PAGE, [mail for mail in outbox() if "turned on" in mail.subject])

    Client().post(link)

    assert names(alice) == set()
    assert is_locked(alice)
    assert Enrolment.objects.get().undone_at is not None
    come_back(alice)
    assert not is_locked(alice)
    assert give_password(Client(), alice, WORKING[alice.pk])["Location"] == "/security/"
    assert secret


def test_one_that_its_owner_has_vouched_for_stays(alice: User, outbox: Outbox, clock: TestClock) -> None:
    """Else a mailbox would do for a week what it could not do before."""
    for place in (OFFICE, HOME):
        signed_in_at(place, alice)
    clock.advance(timedelta(days=8))
    secret = turn_on(signed_in_at(HOME, alice), "Own")
    clock.advance(timedelta(minutes=2))
    signed_in_at(OFFICE, alice).post(VERIFY, {"code": code_of(secret)})
    (link,) = links_to(PAGE, [mail for mail in outbox() if "turned on" in mail.subject])

    Client().post(link)

    assert is_locked(alice)
    assert names(alice) == {"Own", "Backup codes"}
    come_back(alice)
    assert is_locked(alice)


def test_a_method_that_was_undone_by_its_link_comes_back_late_and_the_owner_stops_it(
    alice: User, outbox: Outbox, clock: TestClock
) -> None:
    secret = turn_on(signed_in_at(HOME, alice), "Thief’s")
    (undo,) = links_to("/2fa/undo/", outbox())
    Client().post(undo)

    say_not_me("method.first_undone", outbox)

    assert not enters(alice, VERIFY, code_of(secret))
    say_not_me("method.put_back_later", outbox)
    clock.advance(DAY)
    bring_methods_back()
    assert names(alice) == set()
    come_back(alice)
    assert not is_locked(alice)


# ── Keys ──
def test_a_flagged_key_comes_back_flagged(alice: User, thief: Client, outbox: Outbox) -> None:
    security_key(alice)
    WebAuthnDevice.objects.update(flagged_at="2026-01-01T00:00Z")
    thief.post(f"/2fa/webauthn/{WebAuthnDevice.objects.get().pk}/remove/")

    say_not_me("method.removed", outbox)

    assert WebAuthnDevice.objects.get().flagged_at is not None


def test_browsers_are_told_to_keep_a_removed_passkey_for_a_week(alice: User, thief: Client, clock: TestClock) -> None:
    key = security_key(alice)
    thief.post(f"/2fa/webauthn/{WebAuthnDevice.objects.get().pk}/remove/")

    assert thief.get("/2fa/webauthn/signals/").json()["allAcceptedCredentialIds"] == [b64(key.credential_id)]
    clock.advance(timedelta(days=7, minutes=1))
    purge()
    browser = Client()
    sign_in(browser, alice)
    assert browser.get("/2fa/webauthn/signals/").json()["allAcceptedCredentialIds"] == []


# ── Others ──
def test_nobody_elses_methods_change(alice: User, bob: User, thief: Client, phone: TOTPDevice, outbox: Outbox) -> None:
    code_app(bob, "Bob’s")
    bobs = Client()
    sign_in(bobs, bob)
    turn_on(bobs, "Bob’s second")
    turn_on(thief, "Thief’s")
    remove(thief, phone)

    say_not_me("method.removed", outbox)

    assert names(bob) == {"Bob’s", "Bob’s second", "Backup codes"}
    assert names(alice) == {"Phone", "Thief’s", "Backup codes"}
