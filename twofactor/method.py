"""The shape of a method. A method is data: what differs lies in its device and its form."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import django_otp
from django.conf import settings
from django.urls import reverse

from accounts.user.models import Protection
from lib.site import path_of
from twofactor.second_factor import Devices

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet
    from django_stubs_ext import StrPromise

    from accounts.user.models import User
    from twofactor.challenge.asked import Asked
    from twofactor.challenge.forms import ChallengeForm
    from twofactor.second_factor import SecondFactor


@dataclass(frozen=True, kw_only=True)
class Method:
    """One kind of second factor: what pages show of it, and the two classes that do its work."""

    label: StrPromise
    summary: StrPromise
    icon: str
    setup_time: StrPromise
    ask_label: StrPromise  # how "Try another way" offers it
    ask_detail: StrPromise
    device_model: type[SecondFactor]  # how an answer is checked
    challenge_form: type[ChallengeForm]  # how an answer is asked for
    recognises: Callable[[str], bool] | None = None  # whether a text is an answer of it, wherever it was typed
    answered_by: type[SecondFactor] | None = None  # whose answers count: of device_model, or of all kinds of this one
    is_elsewhere: bool = False  # the answer is given on a phone: not what to ask first on a phone
    page: str = "add"  # the URL name of the page to set it up on
    after_sign_in: str = ""  # the URL name of a page that comes between signing in with it and going on
    works_offline: bool = False  # whatever answers needs no connection
    needs_signal: bool = False  # it needs a mobile network
    needs_settings: tuple[str, ...] = ()  # offered only where these are set
    replace_page: str = ""  # the URL name of the page that puts a new device in the place of an old one, if it has one
    send: Callable[[Asked], None] | None = None  # ask the person's device; writes rows and messages, waits for nothing
    challenge_urls: str = ""  # a module of further pages under /login/verify/<slug>/
    public_urls: str = ""  # a module of pages that anybody may open, wherever they are
    remove_label: StrPromise | str = ""  # how a device's pages offer to remove it, if not as of any method
    manage_template: str = ""  # what the page of a device shows beneath its name
    account_template: str = ""  # what the overview and the settings carry of it, whether the person has it or not
    sign_in_template: str = ""  # what the sign-in page shows of it, before anybody has said who they are
    off_warning: Callable[[User], str] | None = None  # what else ends when two-step verification is turned off
    without_script: StrPromise | str = ""  # it needs JavaScript: what to say where there is none
    purge: Callable[[], int] | None = None  # deletes what nothing can act on any more; returns how many rows

    @cached_property
    def kinds(self) -> list[type[SecondFactor]]:
        """The kinds of device whose answers count, its own first."""
        relatives = [
            kind for kind in django_otp.device_classes() if self.answered_by and issubclass(kind, self.answered_by)
        ]
        return [self.device_model, *(kind for kind in relatives if kind is not self.device_model)]

    @property
    def slug(self) -> str:
        """Folder, template path and event detail; in URLs with hyphens."""
        return self.device_model.method_slug

    @property
    def url_slug(self) -> str:
        return self.slug.replace("_", "-")

    @property
    def is_available(self) -> bool:
        return all(getattr(settings, name, None) for name in self.needs_settings)

    @property
    def strength(self) -> int:
        return int(self.device_model.protection)

    @property
    def strength_label(self) -> StrPromise:
        return self.device_model.protection.label

    @property
    def resists_phishing(self) -> bool:
        return self.device_model.protection == Protection.PHISHING_RESISTANT

    @property
    def challenge_template(self) -> str:
        return f"twofactor/methods/{self.slug}/challenge.html"

    @property
    def device_template(self) -> str:
        return f"twofactor/methods/{self.slug}/_device.html"

    @property
    def add_url(self) -> str:
        return path_of(f"twofactor:{self.slug}:{self.page}")

    @property
    def is_backup(self) -> bool:
        return self.device_model.is_backup

    @property
    def challenge_url(self) -> str:
        return reverse("twofactor:challenge:answer", args=[self.url_slug])

    @property
    def send_url(self) -> str:
        """Where choosing it is a POST, because that sends something; "" for methods that just ask."""
        return reverse("twofactor:challenge:send", args=[self.url_slug]) if self.send else ""

    def url_after_sign_in(self, next_url: str) -> str:
        """Where a person goes who has just signed in with it."""
        return f"{reverse(self.after_sign_in)}?{urlencode({'next': next_url})}" if self.after_sign_in else next_url

    def replace_url(self, device: SecondFactor) -> str:
        """Where the device can be replaced, "" if it cannot."""
        return reverse(f"twofactor:{self.slug}:{self.replace_page}", args=[device.pk]) if self.replace_page else ""

    def devices_of(self, user: User) -> QuerySet[SecondFactor]:
        """The person's confirmed devices of this kind, oldest first."""
        return Devices(self.device_model, user_id=user.pk).query()

    def answering(self, user: User) -> list[Devices]:
        """The person's devices whose answers count, kind by kind."""
        return [Devices(kind, user_id=user.pk) for kind in self.kinds]

    def is_open_to(self, user: User) -> bool:
        """Whether the person has anything to answer with."""
        return any(devices.any() for devices in self.answering(user))
