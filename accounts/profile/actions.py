"""Changing the name and the country."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from accounts.user.models import User
from audit import events
from audit.actions import record

if TYPE_CHECKING:
    from accounts.sudo.actions import OwnSudo
    from lib.origin import Origin


@transaction.atomic
def change_profile(*, name: str, country: str, by: OwnSudo, origin: Origin) -> None:
    """Save them, and tell the person of each that is new.

    Staff compare the name with an ID card, and who may get codes by text message hangs on the country.
    """
    user = User.objects.select_for_update(no_key=True).get(pk=by.user_id)
    old_name, old_country = user.name, user.country
    user.name, user.country = name, country
    user.save(update_fields=["name", "country"])
    if name != old_name:
        record(events.NAME_CHANGED, user=user, origin=origin, old_name=old_name, name=name)
    if country != old_country:
        record(events.COUNTRY_CHANGED, user=user, origin=origin, old_country=old_country, country=country)
