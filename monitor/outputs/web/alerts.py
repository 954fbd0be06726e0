"""How the alerts stand, over HTTP."""

from __future__ import annotations

from aiohttp import web

from monitor.hub import Hub
from monitor.model import AlertState
from monitor.outputs.schemas import alerts as schemas
from monitor.outputs.web.paths import Parameter, Path, json, query, unknown

STATE = Parameter(
    "state",
    "one state only: `pending`, `firing` or `resolved`",
    {"type": "string", "enum": list(AlertState)},
)


class Alerts:
    """The handler, over the hub."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub

    def routes(self) -> list[web.RouteDef]:
        """Its one path."""
        return [web.get("/api/v1/alerts", self.alerts)]

    @Path(schemas.Alerts, (STATE,), problems={})
    async def alerts(self, request: web.Request) -> web.Response:
        """Pending and firing alerts, and those resolved in the last day, newest change first."""
        state = query(request).get("state")
        if state is not None and state not in set(AlertState):
            raise unknown("state", state, AlertState)
        found = [alert for alert in self._hub.alerts if state in (None, alert.state)]
        found.sort(key=lambda alert: -alert.since)
        return json(schemas.Alerts(alerts=[schemas.Alert.of(alert) for alert in found]))
