"""The push channel: Web Push, encrypted for the browser that subscribed (RFC 8030, 8291, 8292)."""

from __future__ import annotations

import http.client
import socket
import ssl
import time
from contextlib import closing
from datetime import UTC, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

from pywebpush import WebPusher

from lib import clock, crypto
from messaging import vapid
from messaging.errors import Refused, TemporaryFailure, Unwanted
from messaging.models import PushSubscription
from messaging.push_endpoint import Endpoint, NotAllowed

if TYPE_CHECKING:
    from messaging.content import Content
    from messaging.models import Message

TIMEOUT_SECONDS = 5.0
LONGEST_LIFE = timedelta(days=1)
PADDED_TO = 128  # bytes: what a push service sees of a message is not even its length
TOPIC_LENGTH = 32  # RFC 8030 §5.4: a newer message of the same kind for the same person takes the older one's place
GONE = (404, 410)
NOT_OURS = (401, 403)
TOO_MANY = 429


class Answer(NamedTuple):
    """What a push service said."""

    status: int
    retry_after: str


def send(message: Message, content: Content) -> None:
    """Returns once the push service has taken the message for the subscription that its details name."""
    subscription = PushSubscription.objects.active().filter(pk=message.details["subscription"]).first()
    if subscription is None:
        raise Unwanted("no subscription any more")
    try:
        endpoint = Endpoint.parse(subscription.endpoint)
        answer = _post(endpoint, _encrypted(subscription, content), _headers(message, endpoint))
    except NotAllowed as reason:
        raise Refused(str(reason)) from None
    except (OSError, http.client.HTTPException) as failure:
        raise TemporaryFailure(type(failure).__name__) from None
    _judge(answer, subscription)


def _encrypted(subscription: PushSubscription, content: Content) -> bytes:
    padded = content.text.encode().ljust(PADDED_TO)
    body: bytes = WebPusher(subscription.as_info()).encode(padded, content_encoding="aes128gcm")["body"]
    return body


def _headers(message: Message, endpoint: Endpoint) -> dict[str, str]:
    until = message.expires_at or clock.now() + LONGEST_LIFE
    life = min(until - clock.now(), LONGEST_LIFE)
    return {
        "Authorization": vapid.authorization(endpoint.origin),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(max(0, int(life.total_seconds()))),
        "Topic": crypto.keyed_digest("push_topic", message.kind, message.user_id)[:TOPIC_LENGTH],
        "Urgency": "high",
    }


def _post(endpoint: Endpoint, body: bytes, headers: dict[str, str]) -> Answer:
    """One request to the address that was checked; where it would redirect to was not, so that is not followed."""
    give_up_at = time.monotonic() + TIMEOUT_SECONDS
    connection = PinnedConnection(endpoint, TIMEOUT_SECONDS)
    with closing(connection):
        connection.connect()
        connection.sock.settimeout(max(0.1, give_up_at - time.monotonic()))
        connection.request("POST", endpoint.path, body, headers)
        response = connection.getresponse()
        return Answer(response.status, response.getheader("Retry-After") or "")


class PinnedConnection(http.client.HTTPConnection):
    """A connection to the address that was looked up and checked, under the name that its certificate must have."""

    sock: socket.socket

    def __init__(self, endpoint: Endpoint, timeout: float) -> None:
        super().__init__(endpoint.host, endpoint.port, timeout=timeout)
        self._endpoint = endpoint
        self.default_port = endpoint.port if not endpoint.is_loopback else 80  # no port in the Host header

    def connect(self) -> None:
        self.sock = socket.create_connection((self._endpoint.resolve(), self.port), self.timeout)
        if not self._endpoint.is_loopback:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self._endpoint.host)


def _judge(answer: Answer, subscription: PushSubscription) -> None:
    """Nothing if the message was taken. The number only: a push service's words may quote the address."""
    reason = f"push service {answer.status}"
    if answer.status in GONE + NOT_OURS:
        subscription.end(PushSubscription.State.GONE if answer.status in GONE else PushSubscription.State.REFUSED)
        raise Unwanted(reason)
    if answer.status == TOO_MANY or answer.status >= 500:
        raise TemporaryFailure(reason, retry_after=_wait(answer.retry_after))
    if not 200 <= answer.status < 300:
        raise Refused(reason)


def _wait(retry_after: str) -> timedelta:
    """Retry-After in either form (RFC 9110 §10.2.3); nothing if it is neither."""
    if retry_after.isascii() and retry_after.isdigit():
        return timedelta(seconds=min(int(retry_after), 24 * 3600))
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return timedelta(0)
    return max(timedelta(0), (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - clock.now())
