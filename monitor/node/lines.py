"""Open lines to a node, for questions by the thousand: a GET, an answer that says how long it is, no more of HTTP.

It takes a fifth of the time of a client that knows all of HTTP. Whatever is not so plain is left to that one.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from http import HTTPStatus
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit

_Line: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]

_PLAIN = re.compile(
    rb"HTTP/1\.1 ([245]\d\d) (?!.*\n(?:transfer|content)-encoding:).*\ncontent-length: *(\d{1,7})\r\n",
    re.IGNORECASE | re.DOTALL,
)
"""The head of an answer as nodes give it: its status, and the length of what follows, longer than any block at most."""


_PIECE_BYTES = 65_536


class Answer(NamedTuple):
    """What the node said."""

    status: int
    body: bytes
    whole: bool = True
    """Whether there is no more of it."""


class Lines:
    """Lines to one node: as many as there are questions at once, each kept for the next question."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname, parts.port or 80
        self._before = f"GET {parts.path.rstrip('/')}"
        self._after = f" HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n"
        self._plain = parts.scheme == "http"
        """Whether there are plain answers, as far as we know."""
        self._free: list[_Line] = []

    async def get(self, path: str, suffices: Callable[[bytes], bool] | None = None) -> Answer | None:
        """Ask; None if there is no plain answer, for whatever reason: who asks in another way will learn it.

        However long that takes: it is for the caller to set a limit.

        Args:
            path: what to ask for.
            suffices: whether what has come of a block is all that is wanted; the rest is hung up on.
        """
        if not self._plain:
            return None
        line: _Line | None = None
        try:
            reader, writer = line = self._kept() or await asyncio.open_connection(self._host, self._port)
            writer.write(f"{self._before}{path}{self._after}".encode())
            plain = _PLAIN.match(await reader.readuntil(b"\r\n\r\n"))
            if plain is None:
                self._plain = False
                return None
            status, length = int(plain[1]), int(plain[2])
            some = suffices if status == HTTPStatus.OK else None
            body = await (_some(reader, length, some) if some else reader.readexactly(length))
            answer = Answer(status, body, whole=len(body) == length)
            if answer.whole:
                self._free.append(line)
                line = None
        except (OSError, EOFError, asyncio.LimitOverrunError):
            return None
        else:
            return answer
        finally:
            if line:  # nobody knows what would come next
                line[1].transport.abort()

    def close(self) -> None:
        """Drop every line."""
        for _, writer in self._free:
            writer.transport.abort()
        self._free.clear()

    def _kept(self) -> _Line | None:
        """One that the node has not closed meanwhile, as it does when nothing is asked for half a minute."""
        while self._free:
            reader, writer = line = self._free.pop()
            if not reader.at_eof() and not writer.is_closing():
                return line
            writer.transport.abort()
        return None


async def _some(reader: asyncio.StreamReader, length: int, suffices: Callable[[bytes], bool]) -> bytes:
    body = b""
    while len(body) < length:
        more = await reader.read(min(length - len(body), _PIECE_BYTES))
        if not more:
            raise EOFError
        body += more
        if suffices(body):
            break
    return body
