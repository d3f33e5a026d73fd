"""The shape of a method. A method is data: what differs lies in its device and its form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django_stubs_ext import StrPromise

    from accounts.user.models import User
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
    needs_settings: tuple[str, ...] = ()  # offered only where these are set

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
    def challenge_template(self) -> str:
        return f"twofactor/methods/{self.slug}/challenge.html"

    @property
    def device_template(self) -> str:
        return f"twofactor/methods/{self.slug}/_device.html"

    @property
    def add_url(self) -> str:
        return reverse(f"twofactor:{self.slug}:add")

    @property
    def challenge_url(self) -> str:
        return reverse("twofactor:challenge:answer", args=[self.url_slug])

    def devices_of(self, user: User) -> QuerySet[SecondFactor]:
        """The person's confirmed devices of this kind, oldest first."""
        return self.device_model.objects.filter(user=user, confirmed=True).order_by("pk")
