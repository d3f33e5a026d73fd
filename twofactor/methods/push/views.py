"""Linking a phone from a computer, and the streams that waiting pages listen to."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse, JsonResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.login.actions import attempt_of
from accounts.login.next_url import safe_next
from accounts.sudo.decorators import no_sudo, require_sudo
from lib import codes, site
from twofactor.challenge.asked import asked_to_confirm, asked_to_sign_in
from twofactor.devices.owned import has_room
from twofactor.methods.push import actions, linking, streams
from twofactor.methods.push.api.views import APP_PAGE
from twofactor.methods.push.forms import PairForm
from twofactor.methods.push.models import Pairing, PushDevice
from twofactor.methods.push.trial import Trial, asked_by_session
from twofactor.qr import svg

if TYPE_CHECKING:
    from accounts.requests import Request, SignedInRequest
    from twofactor.challenge.asked import Asked


@require_sudo
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: SignedInRequest) -> HttpResponse:
    """A code for the phone, then the phone's two digits. Each is good once and for ten minutes."""
    if not has_room(request.user, PushDevice):
        messages.error(request, _("You have as many phones and code apps as there can be. Remove one first."))
        return redirect("twofactor:devices:overview")
    if "new" in request.POST:
        linking.open_pairing(request)
        return redirect("twofactor:push:add")

    pairing = linking.pairing_of(request)
    form = PairForm(request.POST if "number" in request.POST else None)
    if form.is_valid():
        next_page = linking.confirm(pairing, form.cleaned_data["number"], request)
        if next_page:
            phone = PushDevice.objects.get(user=request.user, thumbprint=pairing.thumbprint)
            return send_trial(request, phone, reverse(next_page))
        form.refuse()
        pairing = linking.pairing_of(request)
    context = {"form": form, "pairing": pairing, **pairing_context(pairing)}
    return render(request, "twofactor/methods/push/add.html", context, status=422 if form.errors else 200)


@require_GET
def status(request: SignedInRequest) -> HttpResponse:
    """For the page that waits for a phone: whether one has come, or the code has run out."""
    mine = Pairing.objects.filter(user=request.user, session=request.session.row).order_by("-pk").first()
    state = "over" if mine is None or mine.is_over else mine.state
    return JsonResponse({"state": state})


@no_sudo("It sends to the owner's own phone, within a limit of its own, and its answer leads to nothing")
@require_http_methods(["GET", "HEAD", "POST"])
def trial(request: SignedInRequest, pk: int) -> HttpResponse:
    """Try a phone out. A reload shows how things stand; "next" is where whoever came by goes on to."""
    phone = phone_or_404(request, pk)
    next_url = request.GET.get("next") or reverse("twofactor:devices:overview")
    if request.method == "POST":
        return send_trial(request, phone, next_url)
    shown = Trial(asked_by_session(request, phone), phone, safe_next(request, next_url))
    return render(request, "twofactor/methods/push/trial.html", {"form": shown})


@require_GET
def trial_events(request: SignedInRequest, pk: int) -> StreamingHttpResponse:
    return events_for(request, asked_by_session(request, phone_or_404(request, pk)))


@login_not_required
@require_GET
def sign_in_events(request: Request) -> StreamingHttpResponse:
    attempt = attempt_of(request)
    if attempt is None:
        raise Http404
    return events_for(request, asked_to_sign_in(request, attempt))


@require_GET
def confirm_events(request: SignedInRequest) -> StreamingHttpResponse:
    return events_for(request, asked_to_confirm(request))


def send_trial(request: SignedInRequest, phone: PushDevice, next_url: str) -> HttpResponse:
    actions.try_out(asked_by_session(request, phone), phone)
    query = urlencode({"next": safe_next(request, next_url)})
    return redirect(f"{reverse('twofactor:push:trial', args=[phone.pk])}?{query}")


def phone_or_404(request: SignedInRequest, pk: int) -> PushDevice:
    return get_object_or_404(PushDevice, pk=pk, user=request.user, confirmed=True)


def events_for(request: Request, asked: Asked) -> StreamingHttpResponse:
    """Server-Sent Events; only the browser that asked hears of its request."""
    content = streams.events(request, asked)
    # A compressor's memory, once for each page that waits, would be more than all the rest.
    request.META.pop("HTTP_ACCEPT_ENCODING", None)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingHttpResponse(content, content_type="text/event-stream", headers=headers)


def pairing_context(pairing: Pairing) -> dict[str, object]:
    """The token stands behind the #: no log and no other server ever sees it."""
    if pairing.state != Pairing.State.OPEN:
        return {}
    address = site.absolute(f"{APP_PAGE}#{pairing.token}")
    return {
        "app_address": site.absolute("/authenticator/"),
        "code": codes.grouped(pairing.code),
        "qr_svg": svg(address, label=_("QR code to scan with the app on your phone")),
    }
