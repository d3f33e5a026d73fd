"""What the app says that depends on what happens: its scripts hold no text of their own."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

ONE, SEVERAL = 1, 2


def for_app() -> dict[str, Any]:
    """By key; {names} in braces are filled in by the script. A pair is for one and for several."""
    product = {"product": settings.PRODUCT_NAME}
    return {
        **_requests(product),
        **_accounts(),
        # Codes
        "changes_in": [ngettext("Changes in {count} second", "Changes in {count} seconds", n) for n in (ONE, SEVERAL)],
        "copy_code": _("Copy code for {name}"),
        "copied": _("Copied"),
        "selected": _("Selected: copy it yourself"),
        "copy": _("Copy"),
        "clock_off": _("Your phone's clock is {time} off. Codes may be refused."),
        # Notifications
        "alert_title": _("Security alert"),
        "alert_body": _("Something happened in your account. Tap to see what."),
        "push_on": _("Notifications are on."),
        "push_off": _("Notifications are off. You'll only see requests while %(product)s is open.") % product,
        "push_blocked": _("Notifications are blocked. Allow them for %(product)s in your phone's settings.") % product,
        "push_impossible": _(
            "This browser has no notifications for %(product)s. You'll see requests while it is open."
        ) % product,
        "push_no_answer": _(
            "Your browser's push service didn't answer. %(product)s works without it while it is open. Try again later."
        ) % product,
        "push_refused": _(
            "This portal doesn't send to your browser's push service. You'll see requests while %(product)s is open."
        ) % product,
        # Storage
        "storage_kept": _("This phone keeps %(product)s's data.") % product,
        "storage_at_risk": _("This phone may delete %(product)s's data if it runs low on space.") % product,
        # Faults
        "offline": _("You're offline. Try again when you're back."),
        "fault": _("That didn't work. Try again."),
        "limit": _("Too many tries. Wait a few minutes."),
    }  # fmt: skip


def _requests(product: dict[str, str]) -> dict[str, Any]:
    return {
        "request_title": _("Sign-in request"),
        "request_near": _("{browser} near {place}. Tap to answer."),
        "request_from": _("{browser}. Tap to answer."),
        "request_perhaps": _("Tap to see whether it still waits."),
        "test_title": _("Test request"),
        "is_test": _("This is only a test. Is it you?"),
        "tested": _("It works. This phone can approve your sign-ins."),
        "test_denied": _("You said no, so a real sign-in would be blocked now. This was only a test."),
        "test_wrong_number": _("That number doesn't match. This was only a test, so you can try again."),
        "test_ran_out": _("This test ran out. You can try again."),
        "test_not_now": _("There can be no test now. Skip it, or try again in a few minutes."),
        "done": _("Done"),
        "go_on": _("Continue"),
        "enter_number": _("Enter the number from the sign-in screen"),
        "enter_test_number": _("Enter the number of the test"),
        "no": _("No, block it"),
        "blocked": _("Blocked"),
        "blocked_who": _("Did someone else try to get in? Tap to say."),
        "is_this_you": _("Is this you signing in?"),
        "is_this_you_confirming": _("Is this you changing your security settings?"),
        "on": _("{browser} on {system}"),
        "unknown_browser": _("Unknown browser"),
        "near": _("Near {place}"),
        "place_unknown": _("Place unknown"),
        "asked": [ngettext("Asked {count} second ago", "Asked {count} seconds ago", n) for n in (ONE, SEVERAL)],
        "left": [
            ngettext("{count} second left to answer", "{count} seconds left to answer", n) for n in (ONE, SEVERAL)
        ],
        "seconds": _("{count} s"),
        "arrived": _("A sign-in request has come in."),
        "signed_in": _("You're signed in on {browser}."),
        "confirmed": _("Confirmed on {browser}."),
        "wrong_number": _("That number doesn't match. The request was stopped."),
        "ran_out": _("This request ran out. Start again on the sign-in screen."),
        "answered": _("This request was answered already."),
        "mistake": _("All right. Start again on the sign-in screen in a few minutes, or use a code."),
        "not_me": _("That sign-in has ended. Change your password now."),
        "untrue": _("%(product)s could not check this request, so it is not shown.") % product,
        "entered": [ngettext("{count} digit entered", "{count} digits entered", n) for n in (ONE, SEVERAL)],
    }


def _accounts() -> dict[str, Any]:
    return {
        "turned_off_on": _("Turned off in account security on {day}"),
        "turned_off": _("Turned off in account security"),
        "linked_on": _("Linked on {day}"),
        "moved_up": _("{name} moved up"),
        "moved_down": _("{name} moved down"),
        "removed": _("{name} removed"),
        "saved": _("Saved"),
        "save_name": _("Save name"),
        "code_length": _("The pairing code has 8 letters and digits"),
        "no_pairing": _("That code is not right, or it ran out. Show a new one on the computer."),
        "not_ours": _("That is not a code of this portal."),
        "already_linked": _("This phone is linked already."),
        "too_many_devices": _("This account has five phones. Turn one off in account security first."),
        "codes_file": _("backup-codes"),
    }
