"""What stands between a daemon and a server: TLS, or a proxy."""

from __future__ import annotations

import asyncio
import ssl

from support.servers import OnThread

_CONNECT, _BY_NAME = 1, 3


class Tunnel(OnThread):
    """Passes connections on to a port of 127.0.0.1, from a port of its own.

    Args:
        port: where a connection ends up, whatever it asks a SOCKS proxy for.
        context: a TLS context, to take off TLS.
        socks: whether it speaks SOCKS 5; `asked` has what it was asked for.
        connect: the same of HTTP's CONNECT.
    """

    def __init__(
        self, port: int, *, context: ssl.SSLContext | None = None, socks: bool = False, connect: bool = False
    ) -> None:
        super().__init__()
        self.asked: set[tuple[str, int]] = set()
        self._target = port
        self._context = context
        self._socks = socks
        self._connect = connect

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._context)

    async def _close(self) -> None:
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # transports close in the next round of the loop

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._socks:
                await self._greet(reader, writer)
            if self._connect:
                method, target, *_ = (await reader.readuntil(b"\r\n\r\n")).decode().split()
                assert method == "CONNECT"
                name, _, port = target.rpartition(":")
                self.asked.add((name, int(port)))
                writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
            try:
                await asyncio.gather(_copy(reader, back), _copy(there, writer))
            finally:
                back.close()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _greet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """RFC 1928, without authentication and only for names."""
        _, methods = await reader.readexactly(2)
        await reader.readexactly(methods)
        writer.write(b"\x05\x00")
        _, command, _, kind = await reader.readexactly(4)
        assert (command, kind) == (_CONNECT, _BY_NAME), "the proxy was to resolve the name"
        name = await reader.readexactly((await reader.readexactly(1))[0])
        self.asked.add((name.decode(), int.from_bytes(await reader.readexactly(2))))
        writer.write(b"\x05\x00\x00\x01" + bytes(6))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()
