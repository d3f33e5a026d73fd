"""For each method, a person who has it, and the answers they and others would give."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from django.db import transaction

from lib import clock
from lib.origin import NOWHERE
from tests.bed.authenticators import b64, fetch
from tests.bed.people import code_app, security_key, totp_code
from tests.twofactor.methods.push.phones import SEND, linked_phone, number_in
from twofactor.challenge.asked import Asked, Purpose
from twofactor.methods.push.models import Approval, PushRequest
from twofactor.methods.webauthn import challenges
from twofactor.methods.webauthn.answers import Assertion
from twofactor.methods.webauthn.challenges import Question
from twofactor.methods.webauthn.credentials import read_signed
from twofactor.models import BackupCodes

if TYPE_CHECKING:
    from django.test import Client

    from accounts.user.models import User
    from tests.bed.authenticators import Authenticator
    from tests.bed.phone import Phone
    from twofactor.methods.totp.models import TOTPDevice

OPTIONS = "/login/verify/webauthn/options/"


class Answers(Protocol):
    """Form fields as a browser between the two steps posts them, and the answer that the device gets."""

    def right(self, browser: Client) -> dict[str, str]: ...
    def wrong(self, browser: Client) -> dict[str, str]: ...
    def token(self) -> Any: ...


@dataclass
class CodeAppAnswers:
    """Answers of a code app."""

    device: TOTPDevice

    def right(self, _browser: Client) -> dict[str, str]:
        return {"code": totp_code(self.device)}

    def wrong(self, _browser: Client) -> dict[str, str]:
        return {"code": f"{(int(totp_code(self.device)) + 333_333) % 1_000_000:06d}"}

    def token(self) -> str:
        return totp_code(self.device)


def with_code_app(user: User) -> Answers:
    return CodeAppAnswers(code_app(user))


@dataclass
class BackupCodeAnswers:
    """Answers of somebody who has the sheet of codes, and a code app as well: nobody has codes alone."""

    present: BackupCodes

    def right(self, _browser: Client) -> dict[str, str]:
        return {"code": self.present.plain[0]}

    def wrong(self, _browser: Client) -> dict[str, str]:
        return {"code": "0" * 10}

    def token(self) -> str:
        return self.present.plain[0].replace("-", "")


def with_backup_codes(user: User) -> Answers:
    code_app(user)
    with transaction.atomic():
        BackupCodes.make_for(user)
    return BackupCodeAnswers(BackupCodes.objects.get(user=user))


@dataclass
class PhoneAnswers:
    """Answers given on a phone: the browser itself has nothing to post."""

    user: User
    phone: Phone

    def right(self, browser: Client) -> dict[str, str]:
        if not self.phone.pending():
            browser.post(SEND)
        for request in self.phone.pending():
            self.phone.yes(request, number_in(browser))
        return {}

    def wrong(self, _browser: Client) -> dict[str, str]:
        """Nobody has answered, and the request has run out."""
        PushRequest.objects.filter(user=self.user).update(expires_at=clock.now())
        return {}

    def token(self) -> Approval:
        return Approval(Asked(user=self.user, purpose=Purpose.SIGN_IN, browser="here", origin=NOWHERE))


def with_phone(user: User) -> Answers:
    return PhoneAnswers(user, linked_phone(user))


@dataclass
class KeyAnswers:
    """Answers of a security key, to what the portal asks the browser."""

    user: User
    key: Authenticator

    def right(self, browser: Client) -> dict[str, str]:
        return {"credential": json.dumps(self.key.sign(fetch(browser, OPTIONS)))}

    def wrong(self, browser: Client) -> dict[str, str]:
        answer = self.key.sign(fetch(browser, OPTIONS))
        answer["response"]["signature"] = b64(b"wrong")
        return {"credential": json.dumps(answer)}

    def token(self) -> Assertion:
        question = Question(purpose=challenges.Purpose.SIGN_IN, browser="here", user=self.user, origin=NOWHERE)
        signed = self.key.sign({"challenge": challenges.ask(question)})
        answer = Assertion(read_signed(json.dumps(signed)), question)
        answer.claim()
        return answer


def with_key(user: User) -> Answers:
    return KeyAnswers(user, security_key(user))


ANSWERS = {"push": with_phone, "webauthn": with_key, "totp": with_code_app, "backup_codes": with_backup_codes}
