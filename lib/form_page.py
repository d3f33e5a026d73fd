"""Which page a form stands on: some addresses answer nothing but a POST, and nobody can be sent there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from django.urls import Resolver404, resolve
from django.views.decorators.http import require_POST

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

View = TypeVar("View", bound="Callable[..., Any]")


def post_only(view: View) -> View:
    """require_POST, and a mark: the page with the button is above this address."""
    guarded = require_POST(view)
    guarded.is_post_only = True  # type: ignore[attr-defined]
    return guarded


def page_of_form(request: HttpRequest) -> str:
    """The page of ours that the form stood on, if the browser says so, else the one that belongs to its address."""
    came_from = urlsplit(request.headers.get("Referer", ""))
    if (came_from.scheme, came_from.netloc) == (request.scheme, request.get_host()):
        return came_from._replace(scheme="", netloc="", fragment="").geturl()
    return page_at(request.get_full_path())


def page_at(address: str) -> str:
    """The address itself, or, where nothing but a POST is answered, the nearest one above that is a page."""
    path = urlsplit(address).path
    if not _is_post_only(path):
        return address
    parts = path.strip("/").split("/")
    above = ["/".join(["", *parts[:length], ""]) for length in range(len(parts) - 1, 0, -1)]
    return next((page for page in above if _is_page(page)), "/")


def _is_page(path: str) -> bool:
    try:
        resolve(path)
    except Resolver404:
        return False
    return not _is_post_only(path)


def _is_post_only(path: str) -> bool:
    try:
        return getattr(resolve(path).func, "is_post_only", False)
    except Resolver404:
        return False
