"""What is measured over HTTP: flows by a number of visitors at once, and the workers' CPU for them; and bare hashes."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from bench.portal import DJANGO_HASHER, workers_cpu_seconds
from tests.bed.people import PASSWORD, totp_code
from tests.bed.visitor import Visitor
from twofactor.methods.totp.models import TOTPDevice

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from multiprocessing.pool import Pool

    from accounts.user.models import User
    from tests.bed.servers import Gunicorn

CONCURRENCY = 8  # as the peers were measured


@dataclass(frozen=True)
class Round:
    """One timed batch."""

    flows_a_second: float
    cpu_ms: float  # of the workers, a flow


def timed(server: Gunicorn, flows: Sequence[Callable[[], object]], concurrency: int = CONCURRENCY) -> Round:
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
        list(pool.map(Visitor.give_password, waiting, [device.user for device in devices]))
    codes = map(totp_code, devices)
    return [partial(second_step, visitor, code) for visitor, code in zip(waiting, codes, strict=True)]


def second_step(visitor: Visitor, code: str) -> None:
    expect(visitor.post("/login/verify/totp/", code=code).status, 302)


def sign_ins(server: Gunicorn, devices: Sequence[TOTPDevice]) -> list[Callable[[], None]]:
    TOTPDevice.objects.update(last_step=-1)
    return [partial(sign_in, server.url, device.user, totp_code(device)) for device in devices]


def sign_in(url: str, user: User, code: str) -> None:
    """All of it: the page, the password, the page of the code, the code."""
    visitor = Visitor(url)
    visitor.get("/login/")
    expect(visitor.give_password(user).status, 302)
    visitor.get("/login/verify/totp/")
    second_step(visitor, code)


def floor_steps(server: Gunicorn, key: str, number: int) -> list[Callable[[], None]]:
    return [partial(floor_step, Visitor(server.url), key)] * number


def floor_step(visitor: Visitor, key: str) -> None:
    expect(visitor.post("/login/verify/totp/", key=key).status, 204)


def expect(status: int, wanted: int) -> None:
    """A benchmark of errors measures nothing."""
    if status != wanted:
        raise AssertionError(f"{status} instead of {wanted}")


def hashed(pool: Pool, encoded: list[str]) -> Round:
    """As many at once as the pool has processes; one hash is a flow."""
    started = time.perf_counter()
    hash_ms = pool.map(hash_cpu_ms, encoded, chunksize=1)
    return Round(len(encoded) / (time.perf_counter() - started), median(hash_ms))


def hash_cpu_ms(encoded: str) -> float:
    started = time.process_time()
    DJANGO_HASHER.verify(PASSWORD, encoded)
    return (time.process_time() - started) * 1000
