"""A webhook: each change of an alert as a signed POST, as Standard Webhooks has it.

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
from monitor.outputs.alert_json import change_as_json, iso
from monitor.outputs.receiver import Receiver


class Webhook(Receiver):
    """One address that takes signed POSTs.

    Args:
        key: the shared secret, as bytes.
    """

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
        """Connect, and ask for nothing but what it can do."""
        return await self._http.knock(self._url)

    async def close(self) -> None:
        """Let go of the connection."""
        await self._http.close()


def document(change: Dispatch) -> dict[str, object]:
    """What is posted."""
    return {
        "type": f"alert.{change.alert.state}",
        "timestamp": iso(change.alert.since),
        "data": change_as_json(change),
    }


def message_id(change: Dispatch) -> str:
    """The same for every delivery of a change, and for no other: by it a receiver knows what it has already."""
    alert = change.alert
    about = hashlib.sha256(f"{change.number} {alert.state} {alert.since!r} {alert.key}".encode())
    return f"alert_{change.number}_{about.hexdigest()[:16]}"


def signed(message: str, body: bytes, *, key: bytes, at: float) -> dict[str, str]:
    """The headers by which the receiver knows that it was us, and when."""
    seconds = str(int(at))
    digest = hmac.digest(key, b".".join((message.encode(), seconds.encode(), body)), "sha256")
    return {
        "webhook-id": message,
        "webhook-timestamp": seconds,
        "webhook-signature": f"v1,{b64encode(digest).decode()}",
    }
