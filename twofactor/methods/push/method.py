"""Our own app on a phone, as a method."""

from __future__ import annotations

from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from twofactor.method import Method
from twofactor.methods.push.actions import send
from twofactor.methods.push.forms import PushForm
from twofactor.methods.push.housekeeping import purge
from twofactor.methods.push.models import PushDevice

PUSH = Method(
    label=format_lazy(_("{product} app"), product=settings.PRODUCT_NAME),
    summary=_("Tap Yes on your phone. Works without internet too, with a code."),
    icon="phone",
    setup_time=_("About 1 minute"),
    ask_label=_("Approve on your phone"),
    ask_detail=format_lazy(_("Sends a request to {product}"), product=settings.PRODUCT_NAME),
    device_model=PushDevice,
    challenge_form=PushForm,
    is_elsewhere=True,
    needs_settings=("VAPID_PRIVATE_KEY",),
    send=send,
    challenge_urls="twofactor.methods.push.challenge_urls",
    public_urls="twofactor.methods.push.public_urls",
    remove_label=_("Turn off this phone"),
    manage_template="twofactor/methods/push/_manage.html",
    purge=purge,
)
