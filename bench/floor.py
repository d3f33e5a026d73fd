"""The least that a second step can be: one SELECT, one conditional UPDATE, one commit. No template, limit or record."""

from django.contrib.auth.decorators import login_not_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.urls import path

from config import health
from lib.models import Counter


@login_not_required
def step(request: HttpRequest) -> HttpResponse:
    key = request.POST.get("key", "")
    with transaction.atomic():
        counter = Counter.objects.get(key=key)
        Counter.objects.filter(pk=counter.pk, taken=counter.taken).update(taken=counter.taken + 1)
    return HttpResponse(status=204)


urlpatterns = [path("login/verify/totp/", step), path("healthz/live", health.live)]
