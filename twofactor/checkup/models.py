"""Does the second step still work? Asked once, while the password and the person are both at hand."""

from __future__ import annotations

from django.conf import settings
from django.db import models


class CheckUp(models.Model):
    """What became of the question. There is no row until the person answers it in some way."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="check_up")
    not_before = models.DateTimeField(null=True)  # "Remind me tomorrow"
    passed_at = models.DateTimeField(null=True)  # then it is never asked again

    def __str__(self) -> str:
        return f"check-up {self.pk}"
