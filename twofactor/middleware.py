"""user.is_verified() and user.otp_device as django-otp's users expect them, without a query nobody asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from django.utils.functional import SimpleLazyObject
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.middleware import OTPMiddleware
from django_otp.models import Device

if TYPE_CHECKING:
    from accounts.requests import Request


class LazyOTPMiddleware(OTPMiddleware):
    """django-otp's middleware reads the device on every signed-in request; this one when it is looked at."""

    def _verify_user_sync(self, request: Request, user: Any) -> Any:
        device_id = request.session.get(DEVICE_ID_SESSION_KEY) if user.is_authenticated else None
        device = SimpleLazyObject(partial(_device_of, user, device_id)) if device_id else None
        user.otp_device = device
        # False for a device that is gone or not the person's: the lazy object around None is falsy.
        user.is_verified = lambda: bool(device)
        return user


def _device_of(user: Any, device_id: str) -> Device | None:
    device = Device.from_persistent_id(device_id)
    return device if device is not None and device.user_id == user.pk and device.confirmed else None
