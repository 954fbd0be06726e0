"""A pool's stratum server, and jobs as pools make them: of a node's template, or of transactions that are made up."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeAlias

from monitor.model import Coinbase, Output
from monitor.wire import double_sha256, encode_coinbase
from support.bitcoind import Bitcoind
from support.blocks import push_height
from support.servers import OnThread, stop_accepting

EXTRANONCE = "a1b2c3d4"
SIZE = 8
ANYONE = bytes.fromhex("0014") + bytes(20)
Handler: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(frozen=True)
class Template:
    """What a pool's node would mine."""

    parent: str
    height: int
    """Of the new block."""
    bits: int
    time: int
    txids: tuple[str, ...] = ()
    value: int = 312_500_000

    @classmethod
    def of(cls, node: Bitcoind, without: Iterable[str] = ()) -> Template:
        """The node's template, without some of its transactions."""
        answer = node.call("getblocktemplate", {"rules": ["segwit", "signet"]})
        txids = (each["txid"] for each in answer["transactions"])
        return cls(
            answer["previousblockhash"], answer["height"], int(answer["bits"], 16), answer["curtime"],
            tuple(txid for txid in txids if txid not in {*without}), answer["coinbasevalue"],
        )  # fmt: skip


def job(template: Template, *, tag: bytes = b"/pool/", clean: bool = True, version: int = 0x2000_0000) -> list[Any]:
    """The parameters of `mining.notify`; each has a name of its own."""
    hole = bytes(len(EXTRANONCE) // 2 + SIZE)
    script = push_height(template.height) + tag + hole
    raw = encode_coinbase(Coinbase(script, (Output(template.value, ANYONE),)))
    at = raw.index(script) + len(script) - len(hole)
    parent = bytes.fromhex(template.parent)
    words = [parent[start : start + 4] for start in range(28, -4, -4)]
    return [
        f"{next(_names):x}", b"".join(words).hex(), raw[:at].hex(), raw[at + len(hole) :].hex(),
        [each.hex() for each in branches(template.txids)],
        f"{version:08x}", f"{template.bits:08x}", f"{template.time:08x}", clean,
    ]  # fmt: skip


_names = count(1)


def branches(txids: Sequence[str]) -> list[bytes]:
    """The hashes that a coinbase is combined with, to the merkle root."""
    level = [bytes.fromhex(each)[::-1] for each in txids]
    found = []
    while level:
        found.append(level[0])
        rest = level[1:]
        rest += rest[-1:] * (len(rest) % 2)
        level = [double_sha256(rest[at] + rest[at + 1]) for at in range(0, len(rest), 2)]
    return found


def line(method: str, *params: object) -> bytes:
    """A notification."""
    return json.dumps({"id": None, "method": method, "params": params}).encode() + b"\n"


class StratumServer(OnThread):
    """A server on a port of 127.0.0.1. It sends its newest job to each new miner, too.

    Args:
        handler: what it does instead of being a stratum server.
        context: a TLS context, to speak TLS.
    """

    def __init__(self, *, handler: Handler | None = None, context: ssl.SSLContext | None = None) -> None:
        super().__init__()
        self.received: list[dict[str, Any]] = []
        self.connections = 0
        """So far."""
        self.authorises = True
        self._context = context
        self._handler = handler or self._serve
        self._open: dict[asyncio.Task[None], asyncio.StreamWriter] = {}
        """All connections, with what serves each."""
        self._miners: set[asyncio.StreamWriter] = set()
        self._newest = b""

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"stratum+{'ssl' if self._context else 'tcp'}://127.0.0.1:{self.port}"

    def announce(self, params: Sequence[object]) -> None:
        """Send a job to all miners."""
        self._newest = line("mining.notify", *params)
        self.send(self._newest)

    def send(self, data: bytes) -> None:
        """Send bytes to all miners."""
        self._call(self._send, data)

    def drop(self) -> None:
        """Close all connections."""
        self._call(self._drop)

    def methods(self) -> list[str]:
        """What miners have asked for, in order."""
        return [each["method"] for each in self.received]

    def _call(self, work: Callable[..., None], *arguments: object) -> None:
        async def called() -> None:
            work(*arguments)

        asyncio.run_coroutine_threadsafe(called(), self.loop).result()

    def _send(self, data: bytes) -> None:
        for miner in self._miners:
            miner.write(data)

    def _drop(self) -> None:
        for miner in self._miners:
            miner.close()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._open[self.loop.create_task(self._talk(reader, writer))] = writer

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._handler(reader, writer)
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._miners.discard(writer)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while raw := await reader.readline():
            asked = json.loads(raw)
            self.received.append(asked)
            subscribes = asked["method"] == "mining.subscribe"
            result: object = [[["mining.notify", "1"]], EXTRANONCE, SIZE] if subscribes else self.authorises
            answer = {"id": asked["id"], "result": result, "error": None if result else [24, "unknown worker", None]}
            writer.write(json.dumps(answer).encode() + b"\n")
            if subscribes:
                writer.write(line("mining.set_difficulty", 512) + self._newest)
                self._miners.add(writer)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._accept, "127.0.0.1", self.port, ssl=self._context)

    async def _close(self) -> None:
        await stop_accepting(self._server, self._open)
        for task, writer in self._open.items():  # a task that is cancelled before it begins closes nothing
            writer.transport.abort()
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await asyncio.sleep(0)
