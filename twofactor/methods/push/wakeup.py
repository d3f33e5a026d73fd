"""Tells waiting pages, in whatever process, that a request was answered. What no message reaches, a look finds."""

from __future__ import annotations

import logging
from functools import cache

import redis
from django.conf import settings

from messaging.poke import Breaker

CHANNEL = "sallyport.push"
SECONDS = 0.1  # a phone's call waits no longer for a Redis that hangs
REST_SECONDS = 30.0
BREAKER = Breaker(REST_SECONDS)

log = logging.getLogger("sallyport.push")


def tell(request_id: str, state: str) -> None:
    """Never raises: the answer is in the database already."""
    if not settings.REDIS_URL or not BREAKER.lets_through():
        return
    try:
        _client(settings.REDIS_URL).publish(CHANNEL, f"{request_id} {state}")
    except redis.RedisError as failure:
        BREAKER.failed()
        log.warning("waiting pages find out by themselves", extra={"error": type(failure).__name__})
    else:
        BREAKER.worked()


@cache
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_connect_timeout=SECONDS, socket_timeout=SECONDS)
