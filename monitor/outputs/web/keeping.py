"""Answers are made once for each snapshot, however many ask: between two blocks nothing changes.

A path whose answers depend on something else says so: `@Path(..., kept=False)`.
"""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from monitor.hub import Hub
from monitor.outputs.web.answer import Answer
from monitor.outputs.web.paths import path_of

_BUDGET_BYTES = 16 * 2**20
"""Of answers that are kept: endless different questions fill no memory."""
_EACH_BYTES = 4096
"""What an answer takes besides its body, roughly: many that are empty must not be free."""


class Keeping:
    """The answers to what was asked since the last change."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._of: tuple[object, object] = (None, None)
        """The snapshot and the alerts that the answers are of."""
        self._made: dict[str, asyncio.Task[Answer]] = {}
        self._bytes = 0

    def middleware(self) -> Middleware:
        """Answers from what is kept where that is allowed."""

        @web.middleware
        async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
            about = path_of(request.match_info.handler)
            if about is None or not about.kept or request.method != "GET":
                return await handler(request)
            # Shielded: one who goes away takes the answer from nobody else.
            return (await asyncio.shield(self._answer(request, handler))).to(request)

        return middleware

    def _answer(self, request: web.Request, handler: Handler) -> asyncio.Task[Answer]:
        now = (self._hub.snapshot, self._hub.alerts)
        if now[0] is not self._of[0] or now[1] is not self._of[1] or self._bytes > _BUDGET_BYTES:
            self._of, self._made, self._bytes = now, {}, 0
        question, kept = request.path_qs, self._made
        if question not in kept:
            made = kept[question] = asyncio.create_task(_make(request, handler))

            def count(done: asyncio.Task[Answer]) -> None:
                if done.cancelled() or done.exception():
                    kept.pop(question, None)  # a fault is no answer: whoever asks next may have more luck
                elif kept is self._made:
                    self._bytes += len(done.result().body) + _EACH_BYTES

            made.add_done_callback(count)
        return kept[question]


async def _make(request: web.Request, handler: Handler) -> Answer:
    response = await handler(request)
    assert isinstance(response, web.Response)
    assert isinstance(response.body, bytes), "an answer that is kept is whole"
    return Answer(response.body, response.headers["Content-Type"])
