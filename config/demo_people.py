"""The people of the demo. All start without a second factor."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from accounts.user.models import User
from organizations.members.models import Membership, Role
from organizations.organization.models import Organization

PASSWORD = "Sallyport-demo-1"  # noqa: S105 - printed at the start of the demo


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who can sign in, and what makes them worth a try."""

    email: str
    name: str
    about: str
    country: str = "CH"
    time_zone: str = "Europe/Zurich"
    role: str = ""
    is_support: bool = False


PEOPLE = (
    Person(email="lena@alpina.example", name="Lena Keller", about="member of Alpina Media SA", role=Role.MEMBER),
    Person(
        email="olivier@alpina.example",
        name="Olivier Martin",
        about="member, lives in France",
        country="FR",
        time_zone="Europe/Paris",
        role=Role.MEMBER,
    ),
    Person(
        email="maria@alpina.example",
        name="Maria Santos",
        about="member, lives in Portugal: no text messages",
        country="PT",
        time_zone="Europe/Lisbon",
        role=Role.MEMBER,
    ),
    Person(
        email="francesca@alpina.example",
        name="Francesca Bianchi",
        about="legal representative",
        role=Role.LEGAL_REPRESENTATIVE,
    ),
    Person(email="jonas@alpina.example", name="Jonas Weber", about="administrator", role=Role.ADMINISTRATOR),
    Person(email="dmitri@studio.example", name="Dmitri Volkov", about="external member", role=Role.EXTERNAL),
    Person(email="nadia@sallyport.example", name="Nadia Haddad", about="support staff", is_support=True),
    Person(email="marc@sallyport.example", name="Marc Favre", about="support staff", is_support=True),
)


@transaction.atomic
def load() -> bool:
    """Make them, on the first start only: whoever was changed or deleted since stays so."""
    if User.objects.exists():
        return False
    alpina = Organization.objects.create(name="Alpina Media SA", slug="alpina-media")
    for person in PEOPLE:
        user = User.objects.create_user(
            email=person.email,
            password=PASSWORD,
            name=person.name,
            country=person.country,
            language="en",
            time_zone=person.time_zone,
            is_support=person.is_support,
        )
        if person.role:
            Membership.objects.create(user=user, organization=alpina, role=person.role)
    return True
