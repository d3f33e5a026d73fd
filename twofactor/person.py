"""What is told of a person's second factors when they ask for their data."""

from __future__ import annotations

from typing import TYPE_CHECKING

import django_otp

from twofactor.checkup.models import CheckUp
from twofactor.devices.models import MethodChange
from twofactor.enrolment.models import EmailCheck, Enrolment
from twofactor.methods.push.models import PushRequest
from twofactor.not_me.models import NotMe
from twofactor.second_factor import SecondFactor
from twofactor.trusted_browsers.models import TrustedBrowser

if TYPE_CHECKING:
    from accounts.user.models import User

Rows = list[dict[str, object]]


def second_steps(user: User) -> Rows:
    """Of every kind, without secrets; those that were never confirmed, or removed lately, too."""
    kinds = [kind for kind in django_otp.device_classes() if issubclass(kind, SecondFactor)]
    columns = (
        "name",
        "confirmed",
        "created_at",
        "last_used_at",
        "last_used_agent",
        "last_used_place",
        "removed_by__created_at",
    )
    return [
        {"method": kind.method_slug, "removed_at": row.pop("removed_by__created_at"), **row}
        for kind in kinds
        for row in kind.everything.filter(user=user).order_by("pk").values(*columns, *kind.exported)
    ]


def method_changes(user: User) -> Rows:
    """When second factors were added, removed or put back."""
    columns = ("created_at", "kind", "undone_at")
    return list(MethodChange.objects.filter(user=user).order_by("pk").values(*columns))


def enrolments(user: User) -> Rows:
    """When two-step verification was turned on, and whether that was taken back."""
    return [
        {"created_at": enrolment.created_at, "undone_at": enrolment.undone_at}
        for enrolment in Enrolment.objects.filter(user=user).order_by("pk")
    ]


def email_checks(user: User) -> Rows:
    """When the mailbox was asked before a first method."""
    return [
        {"created_at": check.created_at, "confirmed_at": check.confirmed_at}
        for check in EmailCheck.objects.filter(user=user).order_by("pk")
    ]


def not_me_links(user: User) -> Rows:
    """The links in alerts by which the account could be locked, and whether one was."""
    return [
        {"created_at": link.created_at, "used_at": link.used_at}
        for link in NotMe.objects.filter(user=user).order_by("pk")
    ]


def push_requests(user: User) -> Rows:
    """What phones were asked, and what they said."""
    columns = ("created_at", "purpose", "context", "ip", "user_agent", "state", "reason", "answered_at")
    return list(PushRequest.objects.filter(user=user).order_by("created_at").values(*columns))


def check_ups(user: User) -> Rows:
    """Whether the second step was tested when we asked."""
    return [{"not_before": row.not_before, "passed_at": row.passed_at} for row in CheckUp.objects.filter(user=user)]


def remembered_browsers(user: User) -> Rows:
    """Which browsers could skip the second step, and until when."""
    columns = ("created_at", "last_used_at", "expires_at", "ip", "place", "user_agent", "ended_at", "ended_by")
    return list(TrustedBrowser.objects.filter(user=user).order_by("pk").values(*columns))
