"""How the alerts stand, over HTTP."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from monitor.hub import Hub
from monitor.model import AlertState
from monitor.outputs.alert_json import as_json
from monitor.outputs.web import answers
from monitor.outputs.web.paths import Parameter, Path, query
from monitor.outputs.web.problems import Problem

_STATES = ", ".join(AlertState)
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

    @Path(answers.Alerts, (STATE,), problems={})
    async def alerts(self, request: web.Request) -> web.Response:
        """Alerts that pend or fire, and those that were resolved in the last day, newest change first."""
        state = query(request).get("state")
        if state is not None and state not in set(AlertState):
            raise Problem(HTTPStatus.BAD_REQUEST, f"there is no such state; there are: {_STATES}")
        found = [alert for alert in self._hub.alerts if state in (None, alert.state)]
        found.sort(key=lambda alert: -alert.since)
        return web.json_response({"alerts": [as_json(alert) for alert in found]})
