"""The code app as a method."""

from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from twofactor.challenge.forms import CodeForm, is_code
from twofactor.method import Method
from twofactor.methods.totp.models import TOTPDevice
from twofactor.timed_codes import TimedCodeDevice

TOTP = Method(
    label=_("Code app"),
    summary=_("Type a 6-digit code from Aegis, Google Authenticator, 1Password or any other."),
    icon="code",
    setup_time=_("About 1 minute"),
    ask_label=format_lazy(_("Enter a code from {product} or your code app"), product=settings.PRODUCT_NAME),
    ask_detail=_("Works when your phone is offline"),
    works_offline=True,
    device_model=TOTPDevice,
    challenge_form=CodeForm,
    recognises=is_code,
    answered_by=TimedCodeDevice,
    replace_page="replace",
)
