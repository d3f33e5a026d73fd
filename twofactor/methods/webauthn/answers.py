"""A key's answer beside the question it claims to answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from twofactor.methods.webauthn import challenges
from twofactor.methods.webauthn.problems import Problem

if TYPE_CHECKING:
    from twofactor.methods.webauthn.challenges import Question
    from twofactor.methods.webauthn.credentials import SignedCredential


@dataclass
class Assertion:
    """What devices of this method get to check. It notes what was found."""

    credential: SignedCredential
    question: Question
    is_in_time: bool = False  # the question was still open, and is used up by this
    problem: Problem | None = Problem.UNKNOWN  # until a device knows the credential

    def claim(self) -> None:
        """Use the question up, before anything else is looked at: whatever this answer is worth, it is the only one."""
        self.is_in_time = challenges.claim(self.credential.client_data.challenge, self.question)
