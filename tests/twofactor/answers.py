"""For each method, a person who has it, and the answers they and others would give."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from django.db import transaction

from tests.bed.people import code_app, totp_code
from twofactor.models import BackupCodes

if TYPE_CHECKING:
    from accounts.user.models import User
    from twofactor.methods.totp.models import TOTPDevice


class Answers(Protocol):
    """Form fields as a browser posts them, and the answer that the device gets."""

    def right(self) -> dict[str, str]: ...
    def wrong(self) -> dict[str, str]: ...
    def token(self) -> Any: ...


@dataclass
class CodeAppAnswers:
    """Answers of a code app."""

    device: TOTPDevice

    def right(self) -> dict[str, str]:
        return {"code": totp_code(self.device)}

    def wrong(self) -> dict[str, str]:
        return {"code": f"{(int(totp_code(self.device)) + 333_333) % 1_000_000:06d}"}

    def token(self) -> str:
        return totp_code(self.device)


def with_code_app(user: User) -> Answers:
    return CodeAppAnswers(code_app(user))


@dataclass
class BackupCodeAnswers:
    """Answers of somebody who has the sheet of codes, and a code app as well: nobody has codes alone."""

    present: BackupCodes

    def right(self) -> dict[str, str]:
        return {"code": self.present.plain[0]}

    def wrong(self) -> dict[str, str]:
        return {"code": "0" * 10}

    def token(self) -> str:
        return self.present.plain[0].replace("-", "")


def with_backup_codes(user: User) -> Answers:
    code_app(user)
    with transaction.atomic():
        BackupCodes.make_for(user)
    return BackupCodeAnswers(BackupCodes.objects.get(user=user))


ANSWERS = {"totp": with_code_app, "backup_codes": with_backup_codes}
