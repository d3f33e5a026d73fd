"""Proving the second step, at sign-in and before something sensitive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import django_otp
from django.db import transaction
from django.urls import reverse

from accounts.login.actions import AttemptIsOver, finish
from accounts.password.check import check_password
from accounts.sudo.actions import grant
from audit import events
from audit.actions import record
from lib import limits
from twofactor import registry
from twofactor.challenge import budget
from twofactor.second_factor import Refusal, verify, why_refused

if TYPE_CHECKING:
    from accounts.login.models import LoginAttempt
    from accounts.requests import Request, SignedInRequest
    from accounts.user.models import User
    from lib.origin import Origin
    from twofactor.challenge.forms import ChallengeForm
    from twofactor.method import Method


def second_step(attempt: LoginAttempt, _request: Request) -> str | None:
    """settings.SECOND_STEP: where to go after the right password; None signs in without a second step."""
    return reverse("twofactor:challenge:default") if registry.methods_of(attempt.user) else None


def answer_sign_in(request: Request, attempt: LoginAttempt, method: Method, form: ChallengeForm) -> bool:
    """Sign in if the form holds a right answer; else say in the form why not.

    The try is reserved first and stays reserved. Attempt, answer, session and record are one transaction: a wrong
    answer leaves nothing, a right one leaves everything. Raises TooManyAttempts and AttemptIsOver.
    """
    reservation = budget.reserve(attempt.user, request.origin)
    with transaction.atomic():
        if not attempt.claim():
            raise AttemptIsOver
        device = verify(method.devices_of(attempt.user), form.answer) if form.is_valid() else None
        if device is None:
            transaction.set_rollback(True)
        else:
            limits.give_back(reservation)
            finish(request, attempt, device=device, method=method.slug)
    if device is None:
        _refuse(form, method, attempt.user, request.origin)
    return device is not None


def confirm(request: SignedInRequest, method: Method | None, form: ChallengeForm) -> bool:
    """Grant sudo if the form holds a right answer, or the password where there is no method; else say why not.

    Raises TooManyAttempts.
    """
    return _confirm_by_method(request, method, form) if method else _confirm_by_password(request, form)


def _confirm_by_method(request: SignedInRequest, method: Method, form: ChallengeForm) -> bool:
    reservation = budget.reserve(request.user, request.origin)
    with transaction.atomic():
        device = verify(method.devices_of(request.user), form.answer) if form.is_valid() else None
        if device is not None:
            limits.give_back(reservation)
            django_otp.login(request, device)
            grant(request, method=method.slug)
    if device is None:
        _refuse(form, method, request.user, request.origin)
    return device is not None


def _confirm_by_password(request: SignedInRequest, form: ChallengeForm) -> bool:
    if not form.is_valid():
        return False
    if not check_password(request.user, form.answer, origin=request.origin):
        form.refuse(Refusal.WRONG)
        return False
    grant(request, method="password")
    return True


@transaction.atomic
def _refuse(form: ChallengeForm, method: Method, user: User, origin: Origin) -> None:
    """Record the failure, and tell in the form what its giver may know. A malformed answer is a failure too."""
    refusal = why_refused(method.devices_of(user), form.answer) if form.is_valid() else Refusal.WRONG
    event = events.ANSWER_UNCHECKABLE if refusal is Refusal.UNCHECKABLE else events.ANSWER_WRONG
    record(event, user=user, origin=origin, method=method.slug)
    if form.is_valid():
        form.refuse(refusal)
