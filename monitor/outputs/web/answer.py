"""An answer that is made once and given often: compressed beforehand, under a tag of its content."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from hashlib import blake2b
from http import HTTPStatus

from aiohttp import ETag, web


class Answer:
    """Bytes of one type. Kept compressed, which is how nearly everybody takes them.

    Args:
        body: what is answered.
        content_type: with its character set.
        level: of compression: 1 is fast, 9 is small.
    """

    def __init__(self, body: bytes, content_type: str, *, level: int = 6) -> None:
        self._packed = gzip.compress(body, level, mtime=0)
        self._type = content_type
        self._tag = blake2b(body, digest_size=12).hexdigest()

    def give(self, request: web.Request, headers: Mapping[str, str]) -> web.Response:
        """The answer to one request: whole, or that nothing has changed since the asker last took it."""
        told = {**headers, "ETag": f'"{self._tag}"', "Vary": "Accept-Encoding"}
        if any(ETag(self._tag) == known or known.value == "*" for known in request.if_none_match or ()):
            return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=told)
        told["Content-Type"] = self._type
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            return web.Response(body=self._packed, headers={**told, "Content-Encoding": "gzip"})
        return web.Response(body=gzip.decompress(self._packed), headers=told)
