"""Accounts for the people of the demo. All start without a second factor."""

from django.db import transaction

from accounts.user.models import User
from config import demo_cast
from organizations.members.models import Membership
from organizations.organization.models import Organization

TIME_ZONES = {"CH": "Europe/Zurich", "DE": "Europe/Berlin", "FR": "Europe/Paris", "PT": "Europe/Lisbon"}


@transaction.atomic
def load() -> bool:
    """Make them, on the first start only: whoever was changed or deleted since stays so."""
    if User.objects.exists():
        return False
    alpina = Organization.objects.create(name="Alpina Media SA", slug="alpina-media")
    for person in demo_cast.PEOPLE:
        user = User.objects.create_user(
            email=person.email,
            password=demo_cast.PASSWORD,
            name=person.name,
            country=person.country,
            language="en",
            time_zone=TIME_ZONES[person.country],
            is_support=not person.role,
        )
        if person.role:
            Membership.objects.create(user=user, organization=alpina, role=person.role)
    return True
