"""Help for people who forgot which address they signed up with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.shortcuts import render
from django.views.decorators.http import require_GET

if TYPE_CHECKING:
    from django.http import HttpResponse

    from accounts.requests import Request


@login_not_required
@require_GET
def forgot(request: Request) -> HttpResponse:
    return render(request, "accounts/email/forgot.html")
