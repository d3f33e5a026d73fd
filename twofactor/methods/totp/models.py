"""A code app on somebody's phone or computer."""

from accounts.user.models import Protection
from twofactor.timed_codes import TimedCodeDevice


class TOTPDevice(TimedCodeDevice):
    """All there is to a code app lies in TimedCodeDevice."""

    method_slug = "totp"
    protection = Protection.STRONG
