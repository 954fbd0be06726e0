"""The network between a client and a server on this machine, which can be cut, held and slowed down."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Self

_CHUNK = 65_536


class Link:
    """Passes connections on to a port of 127.0.0.1, from a port of its own.

    Args:
        target: the port of the server.
    """

    def __init__(self, target: int) -> None:
        self.port = 0
        self.delay = 0.0
        """Seconds by which each piece of data is late."""
        self._target = target
        self._is_cut = False
        self._passes = asyncio.Event()
        self._passes.set()
        self._connections: dict[asyncio.Task[None], list[asyncio.StreamWriter]] = {}

    def hold(self) -> None:
        """Pass nothing on, as if packets were lost; what was sent arrives after `mend`."""
        self._passes.clear()

    def cut(self) -> None:
        """Reset all connections, and each new one."""
        self._is_cut = True
        for writers in self._connections.values():
            for writer in writers:
                writer.transport.abort()

    def mend(self) -> None:
        """Pass everything on at once again."""
        self._is_cut, self.delay = False, 0.0
        self._passes.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        tasks = tuple(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        writers = self._connections[task] = [writer]
        with suppress(OSError, asyncio.CancelledError):  # a cancelled handler would be logged as an error
            try:
                await self._passes.wait()
                if not self._is_cut:
                    there, back = await asyncio.open_connection("127.0.0.1", self._target)
                    writers.append(back)
                    async with asyncio.TaskGroup() as group:
                        group.create_task(self._copy(reader, back))
                        group.create_task(self._copy(there, writer))
            except* OSError:
                pass
            finally:
                del self._connections[task]
                for each in writers:
                    each.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(_CHUNK):
            await asyncio.sleep(self.delay)
            await self._passes.wait()
            writer.write(data)
            await writer.drain()
        writer.close()
