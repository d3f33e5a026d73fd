"""The second step: answer, other ways, and confirming before something sensitive."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from accounts.login.actions import just_opened
from accounts.login.next_url import next_of
from accounts.sudo.decorators import no_sudo
from lib.form_page import post_only
from twofactor import registry
from twofactor.challenge import actions, choose
from twofactor.challenge.asked import asked_to_confirm, asked_to_sign_in
from twofactor.challenge.decorators import pending_attempt, pending_attempt_or, start_again
from twofactor.challenge.forms import ConfirmPasswordForm
from twofactor.policy import rules
from twofactor.trusted_browsers.forms import RememberForm

if TYPE_CHECKING:
    from django.http import HttpResponse, QueryDict

    from accounts.login.models import LoginAttempt
    from accounts.requests import Request, SignedInRequest
    from accounts.user.models import User
    from twofactor.method import Method


@pending_attempt
@require_safe
def default(request: Request, attempt: LoginAttempt) -> HttpResponse:
    ways = choose.ways(attempt.user, request)
    return redirect(ways[0].challenge_url if ways else "accounts:login:sign_in")


def answered_already(request: Request, url_slug: str) -> HttpResponse:
    """Of a form that was sent twice, the second one: it finds itself signed in, or begins again."""
    opened = just_opened(request) if request.method == "POST" else None
    if opened is None:
        return start_again(request)
    method = method_or_404(request, opened.attempt.user, url_slug)
    form = method.challenge_form(request.POST, asked=asked_to_sign_in(request, opened.attempt))
    if not actions.answer_again(request, opened, method, form):
        return start_again(request)
    response = redirect(method.url_after_sign_in(opened.attempt.next_url))
    choose.remember(response, method)
    return response


@no_sudo("Answering is what gives a session its proof")
@pending_attempt_or(answered_already)
@require_http_methods(["GET", "HEAD", "POST"])
def answer(request: Request, attempt: LoginAttempt, url_slug: str) -> HttpResponse:
    method = method_or_404(request, attempt.user, url_slug)
    posted = request.POST if request.method == "POST" else None
    form = method.challenge_form(posted, asked=asked_to_sign_in(request, attempt))
    remember = remember_form(posted, attempt.user)
    wanted = remember is not None and remember.is_valid() and remember.cleaned_data["remember_browser"]
    if request.method == "POST" and actions.answer_sign_in(request, attempt, method, form, remember=wanted):
        response = redirect(method.url_after_sign_in(attempt.next_url))
        choose.remember(response, method)
        return response
    context = {"method": method, "form": form, "remember": remember, "attempt_email": attempt.user.email}
    return render(request, method.challenge_template, context, status=422 if form.errors else 200)


@no_sudo("It sends to the owner's own device, within the method's limits")
@pending_attempt
@post_only
def send(request: Request, attempt: LoginAttempt, url_slug: str) -> HttpResponse:
    """Choose a method that sends something, or have it sent again. Nothing is ever sent by a GET."""
    method = method_or_404(request, attempt.user, url_slug)
    if method.send is None or not method.is_open_to(attempt.user):
        raise Http404
    method.send(asked_to_sign_in(request, attempt))
    return redirect(method.challenge_url)


@pending_attempt
@require_safe
def other(request: Request, attempt: LoginAttempt) -> HttpResponse:
    context = {"ways": choose.ways(attempt.user, request), "attempt_email": attempt.user.email}
    return render(request, "twofactor/challenge/other.html", context)


@no_sudo("Confirming is how a session gets it")
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: SignedInRequest) -> HttpResponse:
    """Sudo: by a second factor for those who have one, by the password for the others."""
    methods = choose.ways(request.user, request)
    asked = request.GET.get("method", "")
    method = next((m for m in methods if m.url_slug == asked), methods[0] if methods else None)
    method = registry.method_meant(method, request.POST.get("code", ""), request.user) if method else None
    form_class = method.challenge_form if method else ConfirmPasswordForm
    form = form_class(request.POST if request.method == "POST" else None, asked=asked_to_confirm(request))
    if request.method == "POST" and actions.confirm(request, method, form):
        return redirect(next_of(request))
    context = {"form": form, "method": method, "others": [m for m in methods if m != method]}
    return render(request, "twofactor/challenge/confirm.html", context, status=422 if form.errors else 200)


@no_sudo("It sends to the owner's own device, within the method's limits")
@post_only
def send_to_confirm(request: SignedInRequest, url_slug: str) -> HttpResponse:
    """The same in front of something sensitive."""
    method = next((m for m in choose.ways(request.user, request) if m.url_slug == url_slug), None)
    if method is None or method.send is None:
        raise Http404
    method.send(asked_to_confirm(request))
    query = urlencode({"method": url_slug, "next": next_of(request)})
    return redirect(f"{reverse('twofactor:challenge:confirm')}?{query}")


def remember_form(posted: QueryDict | None, user: User) -> RememberForm | None:
    """The box below the answer; none where a rule forbids it, whatever was posted."""
    return RememberForm(posted) if rules.may_remember_browser(user) else None


def method_or_404(request: Request, user: User, url_slug: str) -> Method:
    """The method that the URL names, if the person has it.

    An answer for one they lack is an answer like any wrong one: it goes on to be refused and counted.
    """
    method = registry.method_at(url_slug)
    if method is None or (request.method != "POST" and not method.is_open_to(user)):
        raise Http404
    return registry.method_meant(method, request.POST.get("code", ""), user)
