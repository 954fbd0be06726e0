"""Webhook: a signed POST for each change of an alert, as in Standard Webhooks.

The specification (standardwebhooks.com, version 1): HMAC-SHA256 over id, timestamp and body, with dots between, in
base64 after `v1,`. Libraries that verify it exist for most languages; docs/how-to/webhook.md shows it in a few lines.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import b64encode
from collections.abc import Sequence

from monitor.alerts.delivery.http import Http
from monitor.model import Dispatch
from monitor.outputs.receiver import Receiver
from monitor.outputs.schemas.alerts import AlertChange
from monitor.outputs.schemas.base import iso_milliseconds


class Webhook(Receiver):
    """One webhook URL, and the secret that it shares with us."""

    def __init__(self, url: str, key: bytes, *, http: Http) -> None:
        super().__init__("webhook")
        self._url = url
        self._key = key
        self.timeout = http.seconds + 5
        self._http = http

    async def deliver(self, changes: Sequence[Dispatch]) -> str:
        """POST one change."""
        (change,) = changes
        body = json.dumps(document(change), ensure_ascii=False, separators=(",", ":")).encode()
        return await self._http.post(self._url, body, signed(message_id(change), body, key=self._key, at=time.time()))

    async def probe(self) -> str:
        """Connect with an OPTIONS request."""
        return await self._http.options(self._url)

    async def close(self) -> None:
        """Close the connection."""
        await self._http.close()


def document(change: Dispatch) -> dict[str, object]:
    """The request body."""
    return {
        "type": f"alert.{change.alert.state}",
        "timestamp": iso_milliseconds(change.alert.since),
        "data": AlertChange.from_dispatch(change).model_dump(),
    }


def message_id(change: Dispatch) -> str:
    """Unique for each change and equal for all of its deliveries, so that receivers can deduplicate."""
    alert = change.alert
    about = hashlib.sha256(f"{change.number} {alert.state} {alert.since!r} {alert.key}".encode())
    return f"alert_{change.number}_{about.hexdigest()[:16]}"


def signed(message: str, body: bytes, *, key: bytes, at: float) -> dict[str, str]:
    """The signature headers."""
    seconds = str(int(at))
    digest = hmac.digest(key, b".".join((message.encode(), seconds.encode(), body)), "sha256")
    return {
        "webhook-id": message,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{b64encode(digest).decode()}",
    }
