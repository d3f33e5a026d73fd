"""Proving the second step, at sign-in and before something sensitive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import django_otp
from django.db import transaction
from django.urls import reverse

from accounts.lock.gate import AccountLocked
from accounts.login.actions import AttemptIsOver, finish
from accounts.sudo import actions as sudo
from audit import events
from audit.actions import record
from lib import limits
from twofactor.challenge import budget, choose
from twofactor.challenge.asked import asked_to_sign_in
from twofactor.checkup import actions as checkup
from twofactor.second_factor import Refusal, hint_about, verify, why_refused
from twofactor.trusted_browsers import actions as trusted_browsers

if TYPE_CHECKING:
    from accounts.login.models import LoginAttempt
    from accounts.requests import Request, SignedInRequest
    from accounts.sessions.proof import Proof
    from accounts.user.models import User
    from audit.events import Event
    from lib.limits import Reservation
    from lib.origin import Origin
    from twofactor.challenge.forms import ChallengeForm
    from twofactor.method import Method
    from twofactor.second_factor import SecondFactor


def second_step(attempt: LoginAttempt, request: Request) -> str | Proof | None:
    """settings.SECOND_STEP: where to go after the right password, or what stands for the second step.

    None signs in without one. A method that sends something does it now: this POST chose it, and no GET may.
    """
    ways = choose.ways(attempt.user, request)
    if not ways and attempt.user.protection:
        raise AccountLocked  # what they have counts again soon: until then nothing less may do
    if not ways:
        return None
    proof = trusted_browsers.vouch(attempt.user, request)
    if proof is None and ways[0].send:
        request.session.save()  # it has a row from now on, by which what is sent can name it
        ways[0].send(asked_to_sign_in(request, attempt))
    return proof or reverse("twofactor:challenge:default")


def answer_sign_in(
    request: Request, attempt: LoginAttempt, method: Method, form: ChallengeForm, *, remember: bool
) -> bool:
    """Sign in if the form holds a right answer; else say in the form why not. With remember, once for 30 days.

    The try is reserved first and stays reserved. Attempt, answer, session and record are one transaction: a wrong
    answer leaves nothing, a right one leaves everything. Raises TooManyAttempts and AttemptIsOver.
    """
    if form.is_too_early():
        return False
    reservation = budget.reserve(form, request.session)
    _use_question_up(form)
    with transaction.atomic():
        if not attempt.claim():
            raise AttemptIsOver
        device = _accepted(form, method, attempt.user, request.origin)
        if device is None:
            transaction.set_rollback(True)
        else:
            limits.give_back(reservation)
            known_by = trusted_browsers.remember(attempt.user, request) if remember else ""
            finish(request, attempt, device=device, method=method.slug, browser_digest=known_by)
            _note_backup(device, attempt.user, request.origin)
            _note_remembered(known_by, attempt.user, request.origin)
    if device is None:
        _refuse(form, method, attempt.user, request.origin)
        _warn_of_guessing(form, reservation, request.origin)
    return device is not None


def confirm(request: SignedInRequest, method: Method | None, form: ChallengeForm) -> bool:
    """Grant sudo if the form holds a right answer, or the password where there is no method; else say why not.

    A session that guesses loses the sudo it may still have. Raises TooManyAttempts.
    """
    return _confirm_by_method(request, method, form) if method else _confirm_by_password(request, form)


def _confirm_by_method(request: SignedInRequest, method: Method, form: ChallengeForm) -> bool:
    if form.is_too_early():
        return False
    with sudo.lost_when_refused(request):
        reservation = budget.reserve(form, request.session)
    _use_question_up(form)
    with transaction.atomic():
        device = _accepted(form, method, request.user, request.origin)
        if device is not None:
            limits.give_back(reservation)
            django_otp.login(request, device)
            checkup.note_answer(request, device)
            sudo.grant(request, method=method.slug)
            _note_backup(device, request.user, request.origin)
    if device is None:
        _refuse(form, method, request.user, request.origin, wrong=events.CONFIRM_FAILED)
        _warn_of_guessing(form, reservation, request.origin)
        if reservation.in_a_row >= sudo.MOST_WRONG:
            sudo.withdraw(request)
    return device is not None


def _confirm_by_password(request: SignedInRequest, form: ChallengeForm) -> bool:
    if not form.is_valid():
        return False
    with sudo.lost_when_refused(request):
        reservation = budget.reserve_confirming(request.user, request.session)
    if not sudo.check_own_password(request, form.answer):
        form.refuse(Refusal.WRONG)
        return False
    limits.give_back(reservation)
    sudo.grant(request, method="password")
    return True


def _use_question_up(form: ChallengeForm) -> None:
    if form.is_valid():
        form.use_question_up()


def _accepted(form: ChallengeForm, method: Method, user: User, origin: Origin) -> SecondFactor | None:
    """The device that takes the answer of the form, if any; it is spent by it. Call it inside a transaction."""
    return verify(method.answering(user), form.answer, origin) if form.is_valid() else None


def _note_backup(device: SecondFactor, user: User, origin: Origin) -> None:
    """The use of a backup is told at once: whoever did not do it has lost more than a phone (ASVS 6.3.5)."""
    if device.is_backup:
        record(events.BACKUP_USED, user=user, origin=origin, left=str(device.left))


def _note_remembered(known_by: str, user: User, origin: Origin) -> None:
    if known_by:
        record(events.BROWSER_REMEMBERED, user=user, origin=origin)


@transaction.atomic
def _refuse(
    form: ChallengeForm, method: Method, user: User, origin: Origin, *, wrong: Event = events.ANSWER_WRONG
) -> None:
    """Record the failure, and tell in the form what its giver may know. A malformed answer is a failure too."""
    refusal = why_refused(method.answering(user), form.answer) if form.is_valid() else Refusal.WRONG
    if form.is_valid():  # before the record: a hint may change its device, and locks go from devices to the record
        form.hint = hint_about(method.answering(user), form.answer) if refusal is Refusal.WRONG else ""
        form.refuse(refusal)
    event = events.ANSWER_UNCHECKABLE if refusal is Refusal.UNCHECKABLE else wrong
    record(event, user=user, origin=origin, method=method.slug)


def _warn_of_guessing(form: ChallengeForm, reservation: Reservation, origin: Origin) -> None:
    """Tell the owner at the fifth wrong code in a row, from one network or from all: the password is known."""
    if not form.is_guessable:
        return
    user = form.asked.user
    if sudo.MOST_WRONG in (reservation.in_a_row, reservation.in_a_row_of(budget.IN_ALL, user.pk)):
        with transaction.atomic():
            record(events.CODES_GUESSED, user=user, origin=origin)
    if budget.is_closed_by(reservation, user):
        with transaction.atomic():
            record(events.LIMIT_CLOSED, user=user, origin=origin, limit=budget.IN_ALL.name)
