"""What a person's memberships mean when they ask for their data, or delete the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from accounts.settings.consequences import Consequences
from organizations.members.models import Membership, Role
from organizations.organization.models import Organization

if TYPE_CHECKING:
    from accounts.user.models import User


def exported(user: User) -> list[dict[str, object]]:
    """Where they belong, and as what."""
    memberships = Membership.objects.filter(user=user).select_related("organization").order_by("joined_at")
    return [{"name": m.organization.name, "role": m.role, "joined_at": m.joined_at} for m in memberships]


def if_deleted(user: User, *, locked: bool) -> Consequences:
    """They leave; but nobody leaves an organization without a legal representative (OR-05).

    Locked, the organizations wait: of two last representatives who go at the same moment one stays.
    """
    memberships = Membership.objects.filter(user=user).select_related("organization").order_by("organization__name")
    if locked:
        ids = memberships.order_by().values("organization")
        list(Organization.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk"))
    sole = [m.organization.name for m in memberships if m.role == Role.LEGAL_REPRESENTATIVE and _is_alone(m)]
    obstacle = _("You are the only legal representative of %(name)s. Give this role to somebody else first.")
    return Consequences(
        obstacles=[obstacle % {"name": name} for name in sole],
        facts=[_("You leave %(name)s.") % {"name": m.organization.name} for m in memberships],
    )


def _is_alone(membership: Membership) -> bool:
    others = Membership.objects.filter(
        organization=membership.organization, role=Role.LEGAL_REPRESENTATIVE, user__is_active=True
    )
    return not others.exclude(pk=membership.pk).exists()
