"""Alertmanager, API v2 (https://prometheus.io/docs/alerting/latest/alerts_api/).

Firing alerts are sent repeatedly, because Alertmanager resolves an alert that it has not received for its
`resolve_timeout`. Recently resolved alerts are repeated too, because Alertmanager does not persist alerts and would
miss the resolution after a restart.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

from yarl import URL

from monitor.alerts.delivery.http import Http
from monitor.alerts.delivery.messages import alerts_address
from monitor.model import Alert, AlertState, Dispatch
from monitor.outputs.receiver import Receiver
from monitor.outputs.schemas.base import iso_milliseconds as iso

_RESOLVED_SECONDS = 900.0
"""Resolved alerts are repeated for this long, as by Prometheus."""
_TEST_SECONDS = 60.0
"""Lifetime of a test alert."""


class Alertmanager(Receiver):
    """One Alertmanager; alerts are sent to each member of a cluster, as Alertmanager requires."""

    batch = 100

    def __init__(self, url: str, *, page: str, repeat_seconds: float, http: Http) -> None:
        base = URL(url)
        super().__init__(f"alertmanager {base.host}:{base.port}{base.path.rstrip('/')}")
        self.repeat_seconds = repeat_seconds
        self._base = str(base).rstrip("/")
        self._page = page
        self.timeout = http.seconds + 5
        self._http = http

    async def deliver(self, changes: Sequence[Dispatch]) -> str:
        """Send the newest state of each of these alerts."""
        newest = {change.alert.key: change.alert for change in changes}
        return await self._send(newest.values())

    async def repeat(self, alerts: Sequence[Alert]) -> None:
        """Send firing and recently resolved alerts again."""
        now = time.time()
        firing = [alert for alert in alerts if alert.state is AlertState.FIRING]
        ended = [
            alert for alert in alerts
            if alert.state is AlertState.RESOLVED and now - alert.since < _RESOLVED_SECONDS
        ]  # fmt: skip
        if firing or ended:
            await self._send([*ended, *firing])

    async def probe(self) -> str:
        """Query readiness."""
        return await self._http.get(f"{self._base}/-/ready")

    async def close(self) -> None:
        """Close the connection."""
        await self._http.close()

    async def _send(self, alerts: Iterable[Alert]) -> str:
        body = json.dumps([document(alert, alerts_address(self._page, [alert]), now=time.time()) for alert in alerts])
        return await self._http.post(f"{self._base}/api/v2/alerts", body.encode())


def document(alert: Alert, link: str, *, now: float) -> dict[str, Any]:
    """An alert in Alertmanager's format. Block times may be in the future; start and end are capped at `now`."""
    started = min(now, alert.since if alert.started is None else alert.started)
    body: dict[str, Any] = {
        "labels": {
            **alert.labels,
            "alertname": alert.rule,
            "severity": alert.severity,
            **({"test": "true"} if alert.test else {}),
        },
        "annotations": {"summary": alert.summary, "description": alert.explanation},
        "startsAt": iso(started),
        "generatorURL": link,
    }
    if alert.state is AlertState.RESOLVED:
        body["endsAt"] = iso(max(started, min(now, alert.since)))
    elif alert.test:
        body["endsAt"] = iso(now + _TEST_SECONDS)
    return body
