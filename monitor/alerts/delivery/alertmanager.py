"""Alertmanager, by its API v2 (https://prometheus.io/docs/alerting/latest/alerts_api/).

What fires is said again and again, because Alertmanager takes an alert for resolved that it has not heard of for its
`resolve_timeout`; so the end is named only where it is known. What was resolved lately is said again too: Alertmanager
keeps no alerts on disk, and would not know of it after a restart of its own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Sequence
from typing import Any

from yarl import URL

from monitor.alerts.delivery.http import Http
from monitor.model import Alert, AlertState, Dispatch
from monitor.outputs.alert_json import iso
from monitor.outputs.receiver import Receiver

_RESOLVED_SECONDS = 900.0
"""For so long after its end an alert is said to be resolved, as Prometheus does."""
_TEST_SECONDS = 60.0
"""After which a test alert ends by itself."""


class Alertmanager(Receiver):
    """One Alertmanager; each of a cluster is told apart, as its members expect.

    Args:
        link: where people read more; alerts lead there.
        repeat_seconds: how often what fires is said again; less than Alertmanager's `resolve_timeout` by far.
    """

    batch = 100

    def __init__(self, url: str, *, link: str, repeat_seconds: float, http: Http) -> None:
        base = URL(url)
        super().__init__(f"alertmanager {base.host}:{base.port}{base.path.rstrip('/')}")
        self.repeat_seconds = repeat_seconds
        self._base = str(base).rstrip("/")
        self._link = link
        self.timeout = http.seconds + 5
        self._http = http

    async def deliver(self, changes: Sequence[Dispatch]) -> str:
        """Tell the last word on each of these alerts."""
        newest = {change.alert.key: change.alert for change in changes}
        return await self._say(newest.values())

    async def repeat(self, alerts: Sequence[Alert]) -> None:
        """Say again what fires, and what was resolved lately."""
        now = time.time()
        firing = [alert for alert in alerts if alert.state is AlertState.FIRING]
        ended = [
            alert for alert in alerts
            if alert.state is AlertState.RESOLVED and now - alert.since < _RESOLVED_SECONDS
        ]  # fmt: skip
        if firing or ended:
            await self._say([*ended, *firing])

    async def probe(self) -> str:
        """Ask whether it is ready."""
        return await self._http.get(f"{self._base}/-/ready")

    async def close(self) -> None:
        """Let go of the connection."""
        await self._http.close()

    async def _say(self, alerts: Iterable[Alert]) -> str:
        body = json.dumps([document(alert, self._link, time.time()) for alert in alerts])
        return await self._http.post(f"{self._base}/api/v2/alerts", body.encode())


def document(alert: Alert, link: str, now: float) -> dict[str, Any]:
    """An alert as Alertmanager expects it. Blocks may say a time that is yet to come; what begins or ends, has."""
    started = min(now, alert.since if alert.started is None else alert.started)
    said: dict[str, Any] = {
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
        said["endsAt"] = iso(max(started, min(now, alert.since)))
    elif alert.test:
        said["endsAt"] = iso(now + _TEST_SECONDS)
    return said
