"""Responses are made once for each state of the daemon, however many clients ask.

After a new block, all open pages ask at the same moment. A page takes about 10 ms: a hundred of them would hold up the
event loop, and with it the next block, for a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from monitor.model import Snapshot
from monitor.outputs.web.answer import Answer

_BUDGET_BYTES = 16 * 2**20
"""Of all bodies together: any number of different queries must not fill the memory."""
_ENTRY_BYTES = 4096
"""What an entry takes beside its body, roughly."""
_MARK = "__cached__"

_Handler = TypeVar("_Handler", bound=Callable[..., Any])


def cached(handler: _Handler) -> _Handler:
    """Mark a handler that answers the same as long as the state is the same."""
    setattr(handler, _MARK, True)
    return handler


class AnswerCache:
    """The answers of the present state, by path and query.

    Args:
        state: all that answers depend on.
    """

    def __init__(self, state: Callable[[], tuple[object, ...]]) -> None:
        self._read_state = state
        self._state: tuple[object, ...] = ()
        self._answers: dict[str, asyncio.Task[Answer]] = {}
        self._bytes = 0

    def middleware(self) -> Middleware:
        """Answers from the cache where the handler is marked `cached`."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.method != "GET" or not getattr(request.match_info.handler, _MARK, False):
                return await handler(request)
            # Shielded: a client that disconnects does not cancel the answer for the others.
            return (await asyncio.shield(self._answer(request, handler))).to(request)

        return middleware

    def _answer(self, request: web.Request, handler: Handler) -> asyncio.Task[Answer]:
        state = self._read_state()
        if not _same(state, self._state) or self._bytes > _BUDGET_BYTES:
            self._state, self._answers, self._bytes = state, {}, 0
        key, answers = request.path_qs, self._answers
        if key not in answers:
            task = answers[key] = asyncio.create_task(_make(request, handler))

            def count(done: asyncio.Task[Answer]) -> None:
                if done.cancelled() or done.exception() or done.result().status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                    answers.pop(key, None)  # an error is not kept: the next request may succeed
                elif answers is self._answers:
                    self._bytes += len(done.result().body) + _ENTRY_BYTES

            task.add_done_callback(count)
        return answers[key]


def _same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    """Snapshots are compared by identity: they are replaced, never changed, and have many numbers."""
    return len(one) == len(other) and all(
        a is b or (not isinstance(a, Snapshot) and a == b) for a, b in zip(one, other, strict=True)
    )


async def _make(request: web.Request, handler: Handler) -> Answer:
    response = await handler(request)
    assert isinstance(response, web.Response)
    assert isinstance(response.body, bytes)
    return Answer(response.body, dict(response.headers), response.status)
