"""/metrics, as somebody else encodes it."""

from __future__ import annotations

from aiohttp import web

from monitor.outputs.web.answer import Answer
from monitor.outputs.web.paths import Path
from monitor.outputs.web.ports import Exposition


class Scrape:
    """Serves it, compressed once for all who ask."""

    def __init__(self, exposition: Exposition) -> None:
        self._exposition = exposition
        self._answers: dict[str, Answer] = {}

    def routes(self) -> list[web.RouteDef]:
        """Its one path."""
        return [web.get("/metrics", self.metrics)]

    @Path(None, problems={}, content="text/plain", kept=False)
    async def metrics(self, request: web.Request) -> web.Response:
        """Every number, as Prometheus text or OpenMetrics."""
        body, content_type = self._exposition.encode(request.headers.get("Accept", ""))
        answer = self._answers.get(content_type)
        if answer is None or answer.body is not body:
            answer = self._answers[content_type] = Answer(body, content_type)
        return answer.to(request)
