"""A broker that floods, or sends what it never ends, costs little memory and is left."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from monitor.outputs.mqtt.broker import Address, Broker
from monitor.outputs.mqtt.outgoing import Outgoing
from monitor.vitals import Vitals

CONNACK = b"\x20\x03\x00\x00\x00"
TOPIC = b"\x00\x01t"
FLOODS = {
    "messages": b"\x30\x06" + TOPIC + b"\x00xx",
    "deliveries that never end": b"\x34\x08" + TOPIC + b"%b\x00xx",
    "a packet of 256 MB": b"\x30\xff\xff\xff\x7f" + TOPIC + bytes(10_000),
    "noise": b"\xff\xff\xff\xff\xff\xff",
}


@asynccontextmanager
async def hostile(flood: bytes, left: asyncio.Future[int]) -> AsyncIterator[int]:
    """The port of a broker that accepts a connection, and floods it; `left` has the bytes that it could send."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent = 0
        await reader.read(1000)
        writer.write(CONNACK)
        try:
            for number in range(1, 60_000):
                chunk = flood.replace(b"%b", number.to_bytes(2, "big")) * 100
                writer.write(chunk)
                sent += len(chunk)
                await writer.drain()
        except ConnectionError:
            if not left.done():
                left.set_result(sent)
        finally:
            writer.transport.abort()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("what", FLOODS)
async def test_a_flood_ends_the_connection(what: str) -> None:
    left: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    async with hostile(FLOODS[what], left) as port:
        vitals = Vitals()
        broker = Broker(Address("127.0.0.1", port), Outgoing("mqtt", vitals), vitals=vitals, status="s")
        task = asyncio.create_task(broker.run())
        assert await left < 30_000_000, "what sockets hold, and little more"
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0)
