"""What phones send: JSON of bounded size, exactly the members that the call has, each of exactly its type."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, ValidationError
from django.http import UnreadablePostError

from lib import strict_json
from lib.forms import one_line
from messaging.push_endpoint import LONGEST as LONGEST_ENDPOINT
from twofactor.devices.forms import LONGEST_NAME
from twofactor.methods.push import keys
from twofactor.methods.push.actions import Decision
from twofactor.methods.push.api.problems import Problem
from twofactor.methods.push.linking import Phone
from twofactor.methods.push.models import PushRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from accounts.requests import Request

LARGEST = 16 * 1024
LONGEST_SECRET = 64
AUTH_BYTES = 16  # of a subscription (RFC 8291 §3.2)


def raw_body(request: Request) -> bytes:
    """Raises Problem when it is larger than any call needs."""
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not (length.isascii() and length.isdigit() and int(length) <= LARGEST):
        raise Problem(413, "too_large")
    try:
        body = request.body
    except RequestDataTooBig:
        raise Problem(413, "too_large") from None
    except UnreadablePostError:
        raise malformed() from None
    if len(body) > LARGEST:
        raise Problem(413, "too_large")
    return body


def nothing(request: Request) -> None:
    if raw_body(request):
        raise malformed()


def phone(request: Request) -> tuple[Phone, str | None]:
    """Of POST devices: the phone, and the secret of a pairing if there is one."""
    body = _members(request, {"key", "name", "subscription"}, optional={"pairing"})
    try:
        keys.public_key(body["key"])
    except keys.NotAKey:
        raise malformed() from None
    name = _text(body["name"], LONGEST_NAME).strip()
    try:
        one_line(name)
    except ValidationError:
        raise malformed() from None
    if not name:
        raise malformed()
    pairing = _text(body["pairing"], LONGEST_SECRET) if "pairing" in body else None
    return Phone(body["key"], name, _subscription(body["subscription"])), pairing


def subscription(request: Request) -> dict[str, str] | None:
    return _subscription(_members(request, {"subscription"})["subscription"])


def decision(request: Request) -> Decision:
    body = _members(request, {"decision"}, optional={"number", "reason"})
    if body["decision"] == "yes" and set(body) == {"decision", "number"}:
        digits = rf"[0-9]{{{settings.PUSH_NUMBER_DIGITS}}}"
        return Decision(is_yes=True, number=_matching(digits, _text(body["number"], 6)))
    if body["decision"] == "no" and "number" not in body:
        reasons = "|".join(PushRequest.Reason.values)
        reason = _matching(reasons, _text(body["reason"], 16)) if "reason" in body else ""
        return Decision(is_yes=False, reason=reason)
    raise malformed()


def malformed() -> Problem:
    return Problem(400, "malformed")


def _subscription(given: Any) -> dict[str, str] | None:
    """As PushSubscription.toJSON() has it, in the columns of ours: what browsers may come to add is ignored."""
    if given is None:
        return None
    if not isinstance(given, dict) or not {"endpoint", "keys"} <= set(given):
        raise malformed()
    inner = given["keys"]
    if not isinstance(inner, dict) or not {"p256dh", "auth"} <= set(inner):
        raise malformed()
    return {
        "endpoint": _text(given["endpoint"], LONGEST_ENDPOINT),
        "p256dh": _base64url(inner["p256dh"], keys.is_point),
        "auth": _base64url(inner["auth"], lambda raw: len(raw) == AUTH_BYTES),
    }


def _members(request: Request, required: set[str], *, optional: set[str] = frozenset()) -> dict[str, Any]:  # type: ignore[assignment]
    """The object in the body: nothing missing, nothing unknown, nothing twice."""
    if request.content_type != "application/json":
        raise Problem(415, "media_type")
    try:
        body = strict_json.read_object(raw_body(request))
    except ValueError:
        raise malformed() from None
    if not required <= set(body) <= required | optional:
        raise malformed()
    return body


def _text(value: Any, longest: int) -> str:
    if not isinstance(value, str) or len(value) > longest:
        raise malformed()
    return value


def _matching(pattern: str, text: str) -> str:
    if re.fullmatch(pattern, text, re.ASCII) is None:
        raise malformed()
    return text


def _base64url(value: Any, is_right: Callable[[bytes], bool]) -> str:
    """Without its padding. What pushes could not be encrypted with is refused here, not by a worker at each of them."""
    text = _text(value, 100).rstrip("=")
    try:
        raw = keys.as_bytes(text)
    except ValueError:
        raise malformed() from None
    if not is_right(raw):
        raise malformed()
    return text
