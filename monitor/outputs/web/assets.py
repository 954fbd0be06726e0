"""What the page needs besides itself: style, scripts, and the chart library out of its own package."""

from __future__ import annotations

import asyncio
import gzip
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
_TYPES = {
    ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml; charset=utf-8",
}  # fmt: skip
_FOR_EVER = "public, max-age=31536000, immutable"


class Assets:
    """Serves them under a path with their version in it, so that a browser asks for each of them once."""

    def __init__(self) -> None:
        files = {path.name: path.read_bytes() for path in sorted(_OWN.iterdir()) if path.suffix in _TYPES}
        self._known = {name: Answer(body, _TYPES[Path(name).suffix]) for name, body in files.items()}
        self._packed: bytes | None = None
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
            response = await self._charts(request)
        elif name in self._known:
            response = self._known[name].to(request)
        else:
            raise Problem(HTTPStatus.NOT_FOUND, "there is no such file")
        ours = request.path.startswith(f"{self.path}/")
        response.headers.update(
            {"Cache-Control": _FOR_EVER if ours else "no-cache", "X-Content-Type-Options": "nosniff"}
        )
        return response

    async def _charts(self, request: web.Request) -> web.Response:
        """The library, which is large: compressed on a thread, when somebody wants charts for the first time."""
        async with self._packing:
            if self._packed is None:
                self._packed = await asyncio.to_thread(_packed)
            packed = self._packed
        told = {"Content-Type": _TYPES[".js"], "Vary": "Accept-Encoding"}
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=packed, headers={**told, "Content-Encoding": "gzip"})
        return web.Response(body=await asyncio.to_thread(gzip.decompress, packed), headers=told)


def _packed() -> bytes:
    found = find_spec("plotly")  # without importing it: only its script is wanted
    assert found is not None
    assert found.origin is not None
    return gzip.compress((Path(found.origin).parent / "package_data" / CHARTS).read_bytes(), mtime=0)
