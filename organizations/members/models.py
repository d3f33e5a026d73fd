"""Who belongs to an organization, and as what."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.user.models import Protection
from lib import clock
from organizations.organization.models import Organization


class Role(models.TextChoices):
    """What a member may do."""

    LEGAL_REPRESENTATIVE = "legal_representative", _("Legal representative")
    ADMINISTRATOR = "administrator", _("Administrator")
    MEMBER = "member", _("Member")
    EXTERNAL = "external", _("External")


class Membership(models.Model):
    """A person in an organization."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    organization = models.ForeignKey(Organization, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=32, choices=Role.choices, default=Role.MEMBER)
    # The person's protection again, so that a list of 100,000 members filters on one table.
    protection = models.PositiveSmallIntegerField(choices=Protection.choices, default=Protection.NONE)
    joined_at = models.DateTimeField(default=clock.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "organization"], name="one_membership_each")]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.organization_id}"
