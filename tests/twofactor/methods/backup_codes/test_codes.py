"""/2fa/backup-codes/: shown once (BC-01), saved, used, renewed (BC-04)."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

import pyotp
import pytest
from django.db import connection, transaction
from django.test import Client

from accounts.models import Session
from audit.models import SecurityEvent
from lib.clock import now
from lib.models import Counter
from tests.accounts.browsers import ELSEWHERE, browser_at
from tests.bed.people import code_app, give_password, sign_in, totp_code
from tests.bed.race import race, rounds, threads
from twofactor.methods.backup_codes.actions import wipe_shown
from twofactor.models import BackupCode, BackupCodes, TOTPDevice

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.core.mail import EmailMultiAlternatives
    from pytest_django.fixtures import SettingsWrapper

    from accounts.user.models import User
    from tests.bed.clock import TestClock

pytestmark = pytest.mark.django_db
PAGE = "/2fa/backup-codes/"
ANSWER = "/login/verify/backup-codes/"
THREADS, ROUNDS = threads(32), rounds(10)


def fresh_set(user: User) -> BackupCodes:
    with transaction.atomic():
        BackupCodes.everything.filter(user=user).delete()
        BackupCodes.make_for(user)
    present: BackupCodes = BackupCodes.objects.get(user=user)
    return present


def codes_on(page: str) -> list[str]:
    listed = re.search(r'<ol[^>]*id="backup-codes"[^>]*>(.*?)</ol>', page, re.DOTALL)
    return re.findall(r"<li><code>([^<]+)</code></li>", listed[1]) if listed else []


@pytest.fixture
def activated(alices: Client) -> Client:
    """Alice has just confirmed her first code app."""
    page = alices.get("/2fa/totp/add/").content.decode()
    secret = re.sub(r"\s", "", re.search(r'id="totp-secret"[^>]*>([^<]+)<', page)[1])
    assert alices.post("/2fa/totp/add/", {"code": pyotp.TOTP(secret).now(), "name": "Aegis"})["Location"] == PAGE
    return alices


@pytest.fixture
def codes(activated: Client) -> list[str]:
    return codes_on(activated.get(PAGE).content.decode())


def test_the_first_activation_ends_with_ten_codes(codes: list[str]) -> None:
    assert len(set(codes)) == 10
    assert all(re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{5}-[0-9A-HJKMNP-TV-Z]{5}", code) for code in codes)


def test_they_are_shown_once(activated: Client, codes: list[str]) -> None:
    page = activated.get(PAGE)

    assert codes_on(page.content.decode()) == []
    assert not any(code in page.content.decode() for code in codes)
    assert page["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("codes")
def test_a_second_method_brings_no_new_codes(activated: Client, alice: User) -> None:
    page = activated.get("/2fa/totp/add/").content.decode()
    secret = re.sub(r"\s", "", re.search(r'id="totp-secret"[^>]*>([^<]+)<', page)[1])

    assert activated.post("/2fa/totp/add/", {"code": pyotp.TOTP(secret).now()})["Location"] == "/2fa/"
    assert BackupCodes.objects.get(user=alice).left == 10


def test_who_forgets_the_tick_sees_them_again(activated: Client, codes: list[str]) -> None:
    page = activated.post(PAGE)

    assert page.status_code == 422
    assert codes_on(page.content.decode()) == codes
    assert "Tick the box when you&#x27;ve saved your codes" in page.content.decode()


@pytest.mark.usefixtures("codes")
def test_after_the_tick_they_are_gone(activated: Client, alice: User) -> None:
    assert activated.post(PAGE, {"saved": "on"})["Location"] == "/2fa/"

    assert BackupCodes.objects.get(user=alice).saved_at is not None
    assert codes_on(activated.post(PAGE).content.decode()) == []
    assert activated.post(PAGE + "download/")["Location"] == PAGE


def test_only_the_first_ones_end_the_turning_on(activated: Client) -> None:
    shown = activated.get(PAGE).content.decode()
    saved = activated.post(PAGE, {"saved": "on"}, follow=True).content.decode()
    activated.post(PAGE + "renew/")
    renewed = activated.get(PAGE).content.decode()
    saved_again = activated.post(PAGE, {"saved": "on"}, follow=True).content.decode()

    assert 'class="stepper"' in shown
    assert 'Two-step verification is on. <a href="/2fa/add/">Add a second way to sign in</a>' in saved
    assert len(codes_on(renewed)) == 10
    assert 'class="stepper"' not in renewed
    assert "Your backup codes are saved." in saved_again
    assert "Two-step verification is on." not in saved_again


@pytest.mark.parametrize("product", ["Zürich: Mein Portal", 'a"b/../c\\', "門", "x" * 64])
def test_the_file_has_a_name_whatever_the_product_is_called(
    activated: Client, codes: list[str], settings: SettingsWrapper, product: str
) -> None:
    settings.PRODUCT_NAME = product

    file = activated.post(PAGE + "download/")

    assert re.fullmatch(r'attachment; filename="[a-z0-9-]{1,200}\.txt"', file["Content-Disposition"])
    assert codes[0] in file.content.decode()


def test_the_download_holds_them(activated: Client, codes: list[str], alice: User) -> None:
    file = activated.post(PAGE + "download/")

    assert file["Content-Disposition"] == 'attachment; filename="sallyport-backup-codes-alice-example.txt"'
    assert file["Cache-Control"] == "no-store"
    assert all(code in file.content.decode() for code in codes)
    assert alice.email in file.content.decode()


@pytest.mark.usefixtures("codes")
def test_after_ten_minutes_nothing_shows_them(activated: Client, clock: TestClock) -> None:
    clock.advance(timedelta(minutes=10, seconds=1))

    assert codes_on(activated.post(PAGE).content.decode()) == []
    assert activated.post(PAGE + "download/")["Location"] == PAGE
    assert wipe_shown() == 1
    assert BackupCodes.objects.get().sealed_codes == ""


def test_the_database_holds_nothing_that_can_be_read(codes: list[str]) -> None:
    with connection.cursor() as cursor:
        stored = ""
        for table in ("twofactor_backupcodes", "twofactor_backupcode", "audit_securityevent", "messaging_message"):
            cursor.execute(f"SELECT * FROM {table}")  # noqa: S608 - the names above
            stored += str(cursor.fetchall())

    assert not any(code in stored or code.replace("-", "") in stored for code in codes)


def signs_in(alice: User, code: str, **client: str) -> bool:
    browser = Client(**client)
    give_password(browser, alice)
    browser.post(ANSWER, {"code": code})
    return browser.get("/2fa/").status_code == 200


def test_each_signs_in_once(codes: list[str], alice: User) -> None:
    assert signs_in(alice, codes[0])
    assert not signs_in(alice, codes[0])
    assert signs_in(alice, codes[9])
    assert BackupCodes.objects.get(user=alice).left == 8


@pytest.mark.parametrize(
    "typed",
    [str.lower, lambda code: code.replace("-", ""), lambda code: code.replace("-", " "), lambda code: f" {code} "],
)
def test_case_and_spacing_do_not_matter(typed: Callable[[str], str], codes: list[str], alice: User) -> None:
    assert signs_in(alice, typed(codes[0]))


def test_letters_that_look_like_digits_are_read_as_those(codes: list[str], alice: User) -> None:
    """BC-05."""
    looks_alike = codes[0].replace("0", "O").replace("1", "l")

    assert signs_in(alice, looks_alike)


@pytest.mark.parametrize(
    "typed", ["", "ABCDE", "ABCDE-FGHJ", "ABCDE-FGHJKL", "ABCDU-FGHJK", "ＡＢＣＤＥＦＧＨＪＫ", "\x00" * 10]
)
@pytest.mark.usefixtures("codes")
def test_what_cannot_be_a_code_is_refused(typed: str, alice: User) -> None:
    assert not signs_in(alice, typed)


def test_somebody_elses_code_does_not_count(codes: list[str], bob: User) -> None:
    """BC-05."""
    code_app(bob)
    fresh_set(bob)

    assert not signs_in(bob, codes[0])


def test_a_used_code_says_so(codes: list[str], alice: User) -> None:
    signs_in(alice, codes[0])
    browser = Client()
    give_password(browser, alice)

    page = browser.post(ANSWER, {"code": codes[0]}).content.decode()

    assert "That code was already used. Try the next one on your list." in page


def test_its_use_is_told_and_asks_what_was_lost(
    codes: list[str], alice: User, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    browser = Client()
    give_password(browser, alice)

    answer = browser.post(ANSWER, {"code": codes[0]})
    page = browser.get(answer["Location"]).content.decode()

    assert answer["Location"] == "/2fa/lost/?next=%2Fsecurity%2F"
    assert "Signed in with a backup code. 9 left." in page
    assert f"/2fa/totp/{TOTPDevice.objects.get().pk}/remove/" in page
    assert SecurityEvent.objects.get(slug="backup_codes.used").details == {"left": "9"}
    assert any("A backup code was used. 9 left" in mail.body for mail in outbox())


def test_a_use_from_a_new_place_is_flagged(
    codes: list[str], alice: User, outbox: Callable[[], list[EmailMultiAlternatives]]
) -> None:
    """BC-07: a mail for the code, one for the place, each once."""
    browser = browser_at(ELSEWHERE, HTTP_USER_AGENT="an unknown device")
    give_password(browser, alice)

    browser.post(ANSWER, {"code": codes[0]})

    assert SecurityEvent.objects.filter(user=alice, slug="signed_in.new_place").count() == 1
    told = [mail.subject for mail in outbox() if mail.to == [alice.email]]
    assert sorted(told[1:]) == ["A backup code was used. 9 left", "New sign-in to your account"]


@pytest.mark.parametrize(("used", "is_warned"), [(6, False), (7, True)])
def test_at_three_left_there_is_a_warning(alice: User, used: int, *, is_warned: bool) -> None:
    """BC-07: this sign-in uses one more."""
    code_app(alice)
    plain = fresh_set(alice).plain
    unused = BackupCode.objects.filter(codes__user=alice).order_by("pk")
    BackupCode.objects.filter(pk__in=list(unused.values_list("pk", flat=True)[: used - 1])).update(used_at=now())
    browser = Client()
    give_password(browser, alice)
    page = browser.post(ANSWER, {"code": plain[9]}, follow=True).content.decode()

    assert f"{10 - used} left" in page
    assert ("Few codes are left." in page) is is_warned
    assert f"{10 - used} of 10 left" in browser.get("/2fa/").content.decode()


def test_next_of_the_lost_page_stays_here(activated: Client) -> None:
    page = activated.get("/2fa/lost/?next=https://evil.example/").content.decode()

    assert "evil.example" not in page


def test_new_codes_end_the_old_ones(activated: Client, codes: list[str], alice: User) -> None:
    assert activated.get(PAGE + "renew/").status_code == 200
    assert BackupCodes.objects.get(user=alice).left == 10

    assert activated.post(PAGE + "renew/")["Location"] == PAGE
    fresh = codes_on(activated.get(PAGE).content.decode())

    assert not set(fresh) & set(codes)
    assert not signs_in(alice, codes[1])
    assert signs_in(alice, fresh[1])
    assert BackupCode.objects.filter(codes__removed_by=None).count() == 10


def test_renewing_asks_to_confirm_after_fifteen_minutes(activated: Client, clock: TestClock) -> None:
    clock.advance(timedelta(minutes=16))

    for page in (PAGE + "renew/", PAGE + "download/"):
        assert activated.post(page)["Location"].startswith("/confirm/")


def without_sudo(alice: User) -> Client:
    """A browser of hers that has not confirmed lately: perhaps somebody else has its cookie."""
    browser = Client()
    sign_in(browser, alice)
    session = browser.session
    session.drop_sudo()
    session.save()
    return browser


def test_without_a_confirmation_nobody_sees_codes_that_wait_to_be_shown(alice: User, clock: TestClock) -> None:
    """AC-01: neither by being there first nor by forgetting the tick after their owner has seen them."""
    code_app(alice)
    plain = fresh_set(alice).plain
    thief, owner = without_sudo(alice), Client()
    clock.advance(timedelta(seconds=30))
    sign_in(owner, alice)

    first = thief.get(PAGE)
    seen = codes_on(owner.get(PAGE).content.decode())
    again = thief.post(PAGE)

    assert first["Location"] == "/confirm/?next=%2F2fa%2Fbackup-codes%2F"
    assert seen == plain
    assert again.status_code == 422
    assert not any(code in again.content.decode() for code in plain)


def test_whoever_confirms_sees_the_codes_that_wait(alice: User, clock: TestClock) -> None:
    device = code_app(alice)
    plain = fresh_set(alice).plain
    browser = without_sudo(alice)
    clock.advance(timedelta(seconds=30))

    back = browser.post(browser.get(PAGE)["Location"], {"code": totp_code(device)}, follow=True)

    assert codes_on(back.content.decode()) == plain


def test_asking_for_the_head_alone_does_not_use_them_up(activated: Client) -> None:
    assert activated.head(PAGE).status_code == 200

    assert len(codes_on(activated.get(PAGE).content.decode())) == 10


def test_without_two_step_verification_there_are_none(alices: Client) -> None:
    for page in (PAGE, PAGE + "renew/"):
        assert alices.get(page).status_code == 404
    assert alices.get("/2fa/").content.decode().count("Backup codes") == 0


def test_codes_alone_ask_nobody_for_a_second_step(alice: User) -> None:
    """BC-06."""
    fresh_set(alice)

    assert sign_in(Client(), alice)["Location"] == "/security/"


def test_codes_cannot_be_renamed_or_removed_like_a_device(activated: Client) -> None:
    codes_id = BackupCodes.objects.get().pk

    assert activated.get(f"/2fa/backup-codes/{codes_id}/").status_code == 404
    assert activated.post(f"/2fa/backup-codes/{codes_id}/remove/").status_code == 404


def test_a_change_of_the_hash_parameters_keeps_old_codes(
    codes: list[str], alice: User, settings: SettingsWrapper
) -> None:
    settings.ARGON2_TIME_COST = 3

    assert signs_in(alice, codes[0])


@pytest.mark.django_db(transaction=True)
def test_one_code_in_many_browsers_signs_in_once(alice: User) -> None:
    """Whoever was late is told that it is wrong and stays outside, with the password still given."""
    code_app(alice)
    browsers = [Client(REMOTE_ADDR=f"198.51.{number}.7") for number in range(THREADS)]
    for browser in browsers:
        give_password(browser, alice)
    for _round in range(ROUNDS):
        code = fresh_set(alice).plain[0]

        statuses = race(THREADS, lambda number: browsers[number].post(ANSWER, {"code": code}).status_code)  # noqa: B023

        assert (statuses.count(302), statuses.count(422)) == (1, THREADS - 1)
        assert BackupCodes.objects.get(user=alice).left == 9
        winner = browsers[statuses.index(302)]
        assert Session.objects.filter(proved_by="backup_codes", ended_at=None).count() == 1
        winner.post("/logout/")
        give_password(winner, alice)
        Counter.objects.all().delete()  # a hundred losers in a row would close codes for good


@pytest.mark.django_db(transaction=True)
def test_two_different_codes_at_once_both_count(alice: User) -> None:
    code_app(alice)
    for _round in range(ROUNDS):
        plain = fresh_set(alice).plain
        browsers = [Client(REMOTE_ADDR=f"198.51.{number}.7") for number in range(2)]
        for browser in browsers:
            give_password(browser, alice)

        statuses = race(2, lambda number: browsers[number].post(ANSWER, {"code": plain[number]}).status_code)  # noqa: B023

        assert statuses == [302, 302]
        assert BackupCodes.objects.get(user=alice).left == 8


@pytest.mark.django_db(transaction=True)
def test_renewing_against_using_leaves_one_truth(alice: User) -> None:
    """The old code came first or it did not count; never does it count after the new set stands."""
    device = code_app(alice)
    for round_number in range(ROUNDS):
        code = fresh_set(alice).plain[0]
        owner, other = Client(REMOTE_ADDR=f"203.0.{round_number}.5"), Client(REMOTE_ADDR=f"198.51.{round_number}.7")
        TOTPDevice.objects.filter(pk=device.pk).update(last_step=-1)
        give_password(owner, alice)
        owner.post("/login/verify/totp/", {"code": totp_code(device)})
        give_password(other, alice)

        def act(number: int) -> int:
            if number == 0:
                return owner.post(PAGE + "renew/").status_code  # noqa: B023
            return other.post(ANSWER, {"code": code}).status_code  # noqa: B023

        renewed, used = race(2, act)

        assert renewed == 302
        assert used in {302, 422}
        assert BackupCodes.objects.get(user=alice).left == 10


@pytest.mark.django_db(transaction=True)
def test_two_renewals_at_once_leave_one_set(alice: User) -> None:
    """Both answers lead to the one set that stands; its codes are shown to one of the two, and they work."""
    device = code_app(alice)
    fresh_set(alice)
    browser, twin = Client(), Client()
    give_password(browser, alice)
    browser.post("/login/verify/totp/", {"code": totp_code(device)})
    twin.cookies = browser.cookies
    for _round in range(ROUNDS):
        statuses = race(2, lambda number: (browser, twin)[number].post(PAGE + "renew/").status_code)
        shown = [codes_on(client.get(PAGE).content.decode()) for client in (browser, twin)]

        assert statuses == [302, 302]
        assert BackupCode.objects.filter(codes__removed_by=None).count() == 10
        assert sorted(map(len, shown)) == [0, 10]
        assert set(max(shown, key=len)) == set(BackupCodes.objects.get(user=alice).plain)
