"""What passkeys and security keys cost, beside code apps and beside the bare check of a signature."""

from __future__ import annotations

import hashlib
import json
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from bench.flows import CONCURRENCY, expect, second_steps, timed
from bench.portal import CHEAP_HASHER, people, server
from lib.origin import NOWHERE
from tests.bed.authenticators import Authenticator, b64
from tests.bed.people import security_key
from tests.bed.visitor import Visitor
from twofactor.methods.webauthn import ceremonies
from twofactor.methods.webauthn.answers import Assertion
from twofactor.methods.webauthn.challenges import Purpose, Question
from twofactor.methods.webauthn.credentials import read_signed
from twofactor.methods.webauthn.models import WebAuthnDevice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bed.servers import Gunicorn
    from twofactor.methods.totp.models import TOTPDevice

PAGE = "/login/verify/webauthn/"
ROUNDS = 5
CHECKS = 500


def steps(portal: Gunicorn, keys: Sequence[tuple[TOTPDevice, Authenticator]]) -> list[Callable[[], None]]:
    """One POST of an answer each; the password and the question before it are done here, unmeasured."""
    waiting = [Visitor(portal.url) for _ in keys]
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        list(pool.map(Visitor.give_password, waiting, [device.user for device, _key in keys]))
        asked = list(pool.map(lambda visitor: json.loads(visitor.post(f"{PAGE}options/").body), waiting))
    answers = [json.dumps(key.sign(options)) for (_device, key), options in zip(keys, asked, strict=True)]
    return [partial(step, visitor, answer) for visitor, answer in zip(waiting, answers, strict=True)]


def step(visitor: Visitor, answer: str) -> None:
    expect(visitor.post(PAGE, credential=answer).status, 302)


def cpu_of_steps() -> tuple[float, float]:
    """Milliseconds of CPU for the step with a key, and with a code, of the same people in the same run."""
    devices = people("keys", 60, CHEAP_HASHER)
    keys = [(device, security_key(device.user)) for device in devices]
    with_key, with_code = [], []
    with server() as portal:
        for _ in range(ROUNDS + 1):  # the first warms up
            with_key.append(timed(portal, steps(portal, keys), concurrency=1).cpu_ms)
            with_code.append(timed(portal, second_steps(portal, devices), concurrency=1).cpu_ms)
    return median(with_key[1:]), median(with_code[1:])


def checks_a_second() -> tuple[float, float]:
    """How many answers are checked in a second, all rules included, and how many bare signatures of the same kind."""
    key = Authenticator(user_handle="alice")
    text = json.dumps(key.sign({"challenge": b64(b"x" * 32)}))
    device = WebAuthnDevice(public_key=_stored(key), user_handle="alice")
    question = Question(purpose=Purpose.SIGN_IN, browser="here", user=device, origin=NOWHERE)  # type: ignore[arg-type]
    signed = read_signed(text)
    message = signed.authenticator_data + hashlib.sha256(signed.client_data.raw).digest()
    public = key.private_key.public_key()
    ours = rate(lambda: ceremonies.check_assertion(Assertion(read_signed(text), question, is_in_time=True), device))
    return ours, rate(lambda: public.verify(signed.signature, message, ec.ECDSA(SHA256())))


def rate(check: Callable[[], object]) -> float:
    rounds = []
    for _ in range(ROUNDS):
        started = time.process_time()
        for _ in range(CHECKS):
            check()
        rounds.append(CHECKS / (time.process_time() - started))
    return median(rounds)


def _stored(key: Authenticator) -> bytes:
    new = key.attested_data()
    return new[new.index(key.credential_id) + len(key.credential_id) :]
