"""Backup codes as a method."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from twofactor.method import Method
from twofactor.methods.backup_codes.forms import BackupCodeForm, is_backup_code
from twofactor.methods.backup_codes.models import BackupCodes

if TYPE_CHECKING:
    from accounts.user.models import User


def off_warning(user: User) -> str:
    """The unused codes, which stop working with everything else."""
    left = sum(present.left for present in BackupCodes.objects.filter(user=user))
    words = ngettext("Your unused backup code stops working.", "Your %(count)d unused backup codes stop working.", left)
    return words % {"count": left} if left else ""


BACKUP_CODES = Method(
    label=_("Backup codes"),
    summary=_("Ten codes for the day your phone is gone. Each works once."),
    icon="grid",
    setup_time=_("About 1 minute"),
    ask_label=_("Use a backup code"),
    ask_detail=_("From the sheet you saved"),
    works_offline=True,
    device_model=BackupCodes,
    off_warning=off_warning,
    challenge_form=BackupCodeForm,
    recognises=is_backup_code,
    page="codes",
    after_sign_in="twofactor:devices:lost",
)
