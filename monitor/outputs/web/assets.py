"""What the page needs besides itself: style, scripts, and the chart library out of its own package."""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from http import HTTPStatus
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from aiohttp import web

from monitor.outputs.web.answer import Answer
from monitor.outputs.web.problems import Problem

CHARTS = "plotly.min.js"
"""The chart library's script, as its package calls it."""
_OWN = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_FOR_EVER = "public, max-age=31536000, immutable"


class Assets:
    """Serves them under a path with their version in it, so that a browser asks for each of them once."""

    def __init__(self) -> None:
        files = {path.name: path.read_bytes() for path in sorted(_OWN.iterdir()) if path.suffix in _TYPES}
        self._known = {
            name: Answer(body, f"{_TYPES[Path(name).suffix]}; charset=utf-8") for name, body in files.items()
        }
        self._packing = asyncio.Lock()
        content = repr([sorted(files.items()), version("plotly")]).encode()
        self.path = f"/static/{blake2b(content, digest_size=6).hexdigest()}"
        """Where they are."""

    def routes(self) -> list[web.RouteDef]:
        """Their one path."""
        return [web.get("/static/{version}/{name}", self.give)]

    async def give(self, request: web.Request) -> web.Response:
        """One of them. Under a version that is not ours, which a page from before an upgrade asks for, not for ever."""
        name = request.match_info["name"]
        if name == CHARTS:
            await self._pack_charts()
        if name not in self._known:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no such file")
        ours = request.path.startswith(f"{self.path}/")
        headers = {"Cache-Control": _FOR_EVER if ours else "no-cache", "X-Content-Type-Options": "nosniff"}
        return self._known[name].give(request, headers)

    async def _pack_charts(self) -> None:
        """Compress the library when somebody wants charts for the first time: it takes a good part of a second."""
        async with self._packing:
            if CHARTS not in self._known:
                self._known[CHARTS] = await asyncio.to_thread(_charts)


def _charts() -> Answer:
    found = find_spec("plotly")  # without importing it: only its script is wanted
    assert found is not None
    assert found.origin is not None
    script = Path(found.origin).parent / "package_data" / CHARTS
    return Answer(script.read_bytes(), "text/javascript; charset=utf-8", level=9)
