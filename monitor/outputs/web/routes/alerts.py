"""Alerts and their states."""

from __future__ import annotations

from monitor.model import AlertState
from monitor.outputs.schemas.alerts import Alert, Alerts
from monitor.outputs.web.routes.endpoint import Query, get
from monitor.outputs.web.sources import Sources


class AlertsQuery(Query):
    """Alerts of one state, or all of them."""

    state: AlertState | None = None
    """one state only: `pending`, `firing` or `resolved`"""


@get("/api/v1/alerts", problems={})
async def alerts(query: AlertsQuery, sources: Sources) -> Alerts:
    """Pending and firing alerts, and those resolved in the last day, newest change first."""
    found = [each for each in sources.hub.alerts if query.state in {None, each.state}]
    return Alerts(alerts=[Alert.of(each) for each in sorted(found, key=lambda each: -each.since)])
