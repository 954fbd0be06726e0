"""/metrics for Prometheus."""

from __future__ import annotations

from aiohttp import web

from monitor.outputs.web.answer import Answer
from monitor.outputs.web.protocols import Exposition
from monitor.outputs.web.routes.endpoint import get


class Metrics:
    """Serves the exposition, compressed once for all scrapers."""

    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition
        self._answers: dict[str, Answer] = {}

    def routes(self) -> list[web.RouteDef]:
        """The route."""
        return [web.get("/metrics", self.metrics)]

    @get("/metrics", problems={}, content="text/plain", cached=False)
    async def metrics(self, request: web.Request) -> web.Response:
        """Every number, as Prometheus text or OpenMetrics."""
        body, content_type = self._exposition.encode(request.headers.get("Accept", ""))
        answer = self._answers.get(content_type)
        if answer is None or answer.body is not body:
            answer = self._answers[content_type] = Answer(body, {"Content-Type": content_type})
        return answer.to(request)
