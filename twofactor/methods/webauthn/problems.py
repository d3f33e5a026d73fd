"""Why an answer of a key does not count. The label is what its giver sees."""

from django.db import models
from django.utils.translation import gettext_lazy as _

MAY_BE_COPIED = _("This key may have been copied, so it no longer works here. Choose another way, then remove it.")


class Problem(models.TextChoices):
    """Of an unknown key it is not told whose it is, or whether it is anybody's."""

    UNREADABLE = "unreadable", _("We couldn't read what your browser sent. Try again or choose another way.")
    OVER = "over", _("That took too long. Try again.")
    UNKNOWN = "unknown", _("This key isn't linked to your account.")
    WRONG = "wrong", _("We couldn't check this key. Try again or choose another way.")
    NOT_VERIFIED = "not_verified", _("This key didn't ask for a fingerprint, a face or a PIN. Use your password.")
    COPIED = "copied", MAY_BE_COPIED
    FLAGGED = "flagged", MAY_BE_COPIED
    ALREADY_YOURS = "already_yours", _("This key is already on your account.")
    TAKEN = "taken", _("This key can't be added to your account. Use another one.")
    UNSUPPORTED = "unsupported", _("Keys of this kind don't work here. Use another one.")


class Refused(Exception):
    """An answer that does not count."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.value)
        self.problem = problem
