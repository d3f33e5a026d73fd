"""The API for phones (docs/authenticator-protocol.md)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, cast
from urllib.parse import urlencode

from django.http import JsonResponse
from django.urls import reverse
from django.views.decorators.csrf import csrf_protect

from lib import limits
from messaging.push_endpoint import NotAllowed
from twofactor.devices.actions import TooManyDevices
from twofactor.devices.owned import has_room, kinds
from twofactor.enrolment.proof import NotConfirmedByEmail
from twofactor.methods.push import actions, linking, signed
from twofactor.methods.push.actions import Outcome
from twofactor.methods.push.api import bodies, shown
from twofactor.methods.push.api.callers import caller_of, device_of, signed_by
from twofactor.methods.push.api.problems import Problem, answer, api
from twofactor.methods.push.models import PushDevice, PushRequest
from twofactor.methods.push.signed import Denied
from twofactor.methods.push.trial import asked_by_phone

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import Request, SignedInRequest
    from twofactor.methods.push.linking import Phone

LINKS = limits.Limit(name="push.links", times=30, period=timedelta(minutes=10))
APP_PAGE = "/authenticator/add/"  # where the app's page for linking is
PROBLEMS = {
    Outcome.ANSWERED: (409, "answered"),
    Outcome.EXPIRED: (410, "expired"),
    Outcome.WRONG_NUMBER: (422, "wrong_number"),
}


@api("GET", "HEAD")
def config(_request: Request) -> HttpResponse:
    return answer(shown.config())


@api("POST")
def devices(request: Request) -> HttpResponse:
    """Link a phone. The call is signed by the key that it brings: whoever sends it has it."""
    limits.reserve(LINKS, request.origin.network)
    phone, secret = bodies.phone(request)
    if signed.key_id(request.headers.get("Authorization", "")) != phone.thumbprint:
        raise Denied
    signed_by(request, phone.key)
    try:
        return _by_pairing(secret, phone) if secret is not None else _by_session(request, phone)
    except linking.AlreadyLinked:
        raise Problem(409, "already_linked") from None
    except NotAllowed:
        raise Problem(422, "push_service") from None


@api("GET", "HEAD")
def device(request: Request, thumbprint: str) -> HttpResponse:
    return answer(shown.state_of(caller_of(request, thumbprint).known))


@api("PUT")
def subscription(request: Request, thumbprint: str) -> HttpResponse:
    caller, _claims = device_of(request, thumbprint)
    try:
        linking.renew_subscription(caller, bodies.subscription(request))
    except NotAllowed:
        raise Problem(422, "push_service") from None
    return answer(shown.state_of(caller))


@api("POST")
def backup_codes(request: Request, thumbprint: str) -> HttpResponse:
    """What came with the first method of an account; the web shows it once too."""
    caller, _claims = device_of(request, thumbprint)
    bodies.nothing(request)
    codes = [code for kind in kinds() if kind.is_backup for code in kind.show_in_app(caller)]
    if not codes:
        raise Problem(410, "not_shown")
    return answer({"codes": codes})


@api("POST")
def trial(request: Request, thumbprint: str) -> HttpResponse:
    """A phone tries itself out: no browser shows the number, so the phone is told it, of this request alone."""
    caller, _claims = device_of(request, thumbprint)
    bodies.nothing(request)
    made = actions.try_out(asked_by_phone(caller, request.origin), caller)
    if made is None:
        raise Problem(409, "not_now")
    return answer({"id": made.pk, "number": made.number}, 201)


@api("POST")
def pending(request: Request) -> HttpResponse:
    caller, _claims = device_of(request)
    bodies.nothing(request)
    waiting = PushRequest.objects.open().for_phone(caller)
    return answer({"requests": [shown.waiting(one, caller) for one in waiting]})


@api("POST")
def decision(request: Request, request_id: str) -> HttpResponse:
    caller, claims = device_of(request)
    wanted = bodies.decision(request)
    mine = PushRequest.objects.for_phone(caller)
    asked = mine.select_related("user", "attempt").filter(pk=request_id).first()
    if asked is None:
        raise Problem(404, "not_found")
    shown_to = (asked.nonce, signed.request_digest(asked, caller.thumbprint))
    if (claims.get("nonce"), claims.get("request_sha256")) != shown_to:
        raise Problem(409, "mismatch")
    outcome = actions.decide(caller, asked, wanted, request.origin)
    if outcome in PROBLEMS:
        raise Problem(*PROBLEMS[outcome])
    told = {"state": "approved" if outcome is Outcome.APPROVED else "denied"}
    if outcome is Outcome.NOT_ME:
        told["secure_url"] = reverse("accounts:password:change")
    return answer(told)


def _by_pairing(secret: str, phone: Phone) -> HttpResponse:
    try:
        pairing = linking.claim(secret, phone)
    except linking.NoPairing:
        raise Problem(404, "not_found") from None
    return answer(shown.state_of(pairing), 202)


def _by_session(request: Request, phone: Phone) -> HttpResponse:
    """The only call that looks at a cookie, and so the only one that needs the forgery token."""
    if not request.user.is_authenticated:
        raise Problem(401, "sign_in", url=_with_next("accounts:login:sign_in"))
    response: HttpResponse = _with_token(request, phone)
    if not isinstance(response, JsonResponse):  # the page about a missing token
        raise Problem(403, "forgery_token")
    return response


@csrf_protect
def _with_token(request: Request, phone: Phone) -> HttpResponse:
    signed_in = cast("SignedInRequest", request)
    if not signed_in.session.has_sudo:
        raise Problem(403, "confirm", url=_with_next("twofactor:challenge:confirm"))
    if not has_room(signed_in.user, PushDevice):
        raise Problem(409, "too_many_devices")
    try:
        linked = linking.link_by_session(signed_in, phone)
    except NotConfirmedByEmail:
        raise Problem(403, "confirm_by_email", url=_with_next("twofactor:enrolment:check")) from None
    except TooManyDevices:
        raise Problem(409, "too_many_devices") from None
    return answer(shown.state_of(linked), 201)


def _with_next(page: str) -> str:
    return f"{reverse(page)}?{urlencode({'next': APP_PAGE})}"
