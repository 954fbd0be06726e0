"""Static files: styles and scripts."""

from __future__ import annotations

from hashlib import blake2b
from http import HTTPStatus
from pathlib import Path

from aiohttp import web

from monitor.outputs.web.answer import Answer
from monitor.outputs.web.problems import Problem

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml; charset=utf-8",
}  # fmt: skip
_IMMUTABLE = "public, max-age=31536000, immutable"


class Assets:
    """Serves the files under a path with a digest of all of them, so that a browser requests each file once."""

    def __init__(self) -> None:
        paths = [path for path in sorted(_FOLDER.rglob("*")) if path.suffix in _TYPES]
        files = {str(path.relative_to(_FOLDER)): path.read_bytes() for path in paths}
        self._answers = {
            name: Answer(body, {"Content-Type": _TYPES[Path(name).suffix]}) for name, body in files.items()
        }
        self.path = f"/static/{blake2b(repr(files).encode(), digest_size=6).hexdigest()}"
        """Path of the folder."""

    def routes(self) -> list[web.RouteDef]:
        """The routes."""
        return [web.get("/static/{version}/{name:.+}", self.file), web.get("/favicon.ico", self.icon)]

    async def icon(self, request: web.Request) -> web.Response:
        """The icon, for what names none: browsers ask for it when a drawing or a JSON document is opened."""
        return self._answers["icon.svg"].to(request)

    async def file(self, request: web.Request) -> web.Response:
        """One file. Under an old digest, from a page of an older version, a browser may not cache it."""
        answer = self._answers.get(request.match_info["name"])
        if answer is None:
            raise Problem(HTTPStatus.NOT_FOUND, "unknown file")
        response = answer.to(request)
        current = request.path.startswith(f"{self.path}/")
        response.headers["Cache-Control"] = _IMMUTABLE if current else "no-cache"
        return response
