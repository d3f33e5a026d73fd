"""What is measured over HTTP: flows by a number of visitors at once, and the workers' CPU for them."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bench.portal import workers_cpu_seconds
from tests.bed.people import totp_code
from tests.bed.visitor import Visitor
from twofactor.methods.totp.models import TOTPDevice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.bed.servers import Gunicorn

CONCURRENCY = 8  # as the peers were measured


@dataclass(frozen=True)
class Round:
    """One timed batch."""

    flows_a_second: float
    cpu_ms: float  # of the workers, a flow


def timed(server: Gunicorn, flows: Sequence[Callable[[], None]], concurrency: int = CONCURRENCY) -> Round:
    cpu, clock = workers_cpu_seconds(server), time.perf_counter()
    with ThreadPoolExecutor(concurrency) as pool:
        for done in [pool.submit(flow) for flow in flows]:
            done.result()
    seconds = time.perf_counter() - clock
    return Round(len(flows) / seconds, (workers_cpu_seconds(server) - cpu) / len(flows) * 1000)


def second_steps(server: Gunicorn, devices: Sequence[TOTPDevice]) -> list[Callable[[], None]]:
    """One POST of a code each; the password steps before it are done here, unmeasured."""
    TOTPDevice.objects.update(last_step=-1)
    waiting = [Visitor(server.url) for _ in devices]
    with ThreadPoolExecutor(CONCURRENCY) as pool:
        list(pool.map(lambda pair: pair[0].give_password(pair[1].user), zip(waiting, devices, strict=True)))
    codes = [totp_code(device) for device in devices]
    return [
        lambda visitor=visitor, code=code: expect(visitor.post("/login/verify/totp/", code=code).status, 302)
        for visitor, code in zip(waiting, codes, strict=True)
    ]


def sign_ins(server: Gunicorn, devices: Sequence[TOTPDevice]) -> list[Callable[[], None]]:
    """All of it: the page, the password, the page of the code, the code."""
    TOTPDevice.objects.update(last_step=-1)
    codes = [totp_code(device) for device in devices]

    def sign_in(device: TOTPDevice, code: str) -> None:
        visitor = Visitor(server.url)
        visitor.get("/login/")
        expect(visitor.give_password(device.user).status, 302)
        visitor.get("/login/verify/totp/")
        expect(visitor.post("/login/verify/totp/", code=code).status, 302)

    return [lambda device=device, code=code: sign_in(device, code) for device, code in zip(devices, codes, strict=True)]


def floor_steps(server: Gunicorn, key: str, number: int) -> list[Callable[[], None]]:
    visitor = Visitor(server.url)
    return [lambda: expect(visitor.post("/login/verify/totp/", key=key).status, 204)] * number


def expect(status: int, wanted: int) -> None:
    """A benchmark of errors measures nothing."""
    if status != wanted:
        raise AssertionError(f"{status} instead of {wanted}")
