"""Gathers the models of the features."""

from organizations.members.models import Membership
from organizations.organization.models import Organization

__all__ = ["Membership", "Organization"]
