"""The demo's mailbox."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from messaging.models import DemoMessage

MOST_SHOWN = 1000  # a demo that ran for weeks still answers at once
SHOWN = ("id", "channel", "to", "subject", "text", "created_at")


@login_not_required
@require_safe
def demo_messages(request: HttpRequest) -> HttpResponse:
    refuse_outside_demo()
    return render(request, "messaging/demo/messages.html", {"messages_sent": DemoMessage.objects.all()[:MOST_SHOWN]})


@login_not_required
@require_safe
def demo_messages_json(_request: HttpRequest) -> HttpResponse:
    refuse_outside_demo()
    return JsonResponse(list(DemoMessage.objects.values(*SHOWN)[:MOST_SHOWN]), safe=False)


def refuse_outside_demo() -> None:
    """Mails hold links that open accounts: nobody reads them on a real portal."""
    if not (settings.DEMO or settings.TESTING):
        raise Http404
