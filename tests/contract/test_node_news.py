"""What a node tells unasked, and what befalls it, is the same for the embedded node as for real ones."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

import aiohttp
import pytest
import zmq
import zmq.asyncio
from support.peers import Peer, Start, opened

from monitor.embedded import EmbeddedNode
from monitor.model import NO_BLOCK
from monitor.wire import decode_block

TEXT, JSON = "text/plain", "application/json"

Notice = tuple[str, str, str, int]
"""Topic, hash, event, number."""


# -- news --------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def listening(peer: Peer) -> AsyncIterator[Callable[[int], Awaitable[list[Notice]]]]:
    """A subscription to all notices: call it for the next so many, as they come."""
    notifications = await peer.call("getzmqnotifications")
    assert {one["type"] for one in notifications} == {"pubhashblock", "pubsequence"}
    assert all(isinstance(one["hwm"], int) for one in notifications)
    context = zmq.asyncio.Context()
    socket = context.socket(zmq.SUB)
    for topic in (b"hashblock", b"sequence"):
        socket.subscribe(topic)
    for address in {one["address"] for one in notifications}:
        socket.connect(address)

    async def heard(count: int) -> list[Notice]:
        notices = []
        for _ in range(count):
            topic, body, number = await asyncio.wait_for(socket.recv_multipart(), 60)
            told = (topic.decode(), body[:32].hex(), body[32:].decode(), int.from_bytes(number, "little"))
            notices.append(told)
        return notices

    async def synchronised() -> None:
        """Blocks until the subscription is known to the publisher: notices before that are lost."""
        for _ in range(50):
            await peer.mine(1)
            if await socket.poll(100):
                await asyncio.sleep(0.1)
                while await socket.poll(0):
                    await socket.recv_multipart()
                return
        raise AssertionError("nothing was published")

    try:
        await synchronised()
        yield heard
    finally:
        context.destroy(linger=0)


async def test_each_new_block_is_told_with_counted_notices(peer: Peer) -> None:
    async with listening(peer) as heard:
        one, two = await peer.mine(2)
        notices = await heard(4)
    assert [notice[:3] for notice in notices] == [
        ("sequence", one, "C"), ("hashblock", one, ""), ("sequence", two, "C"), ("hashblock", two, ""),
    ]  # fmt: skip
    assert notices[2][3] == notices[0][3] + 1
    assert notices[3][3] == notices[1][3] + 1


async def test_a_reorg_is_told_block_by_block_and_its_new_tip_once(peer: Peer) -> None:
    async with listening(peer) as heard:
        left = await peer.mine(2)
        await heard(4)
        await peer.invalidate(left[0])
        assert [notice[:3] for notice in await heard(2)] == [("sequence", left[1], "D"), ("sequence", left[0], "D")]
        (rival,) = (
            await peer.mine(1)
            if isinstance(peer.node, EmbeddedNode)
            else await peer.call("generatetodescriptor", 1, "raw(52)")
        )
        assert [notice[:3] for notice in await heard(2)] == [("sequence", rival, "C"), ("hashblock", rival, "")]
        await peer.reconsider(left[0])
        assert [notice[:3] for notice in await heard(4)] == [
            ("sequence", rival, "D"), ("sequence", left[0], "C"), ("sequence", left[1], "C"),
            ("hashblock", left[1], ""),
        ]  # fmt: skip
    tips = {tip["hash"]: tip for tip in await peer.call("getchaintips")}
    height = tips[left[1]]["height"]
    assert tips[left[1]] == {"height": height, "hash": left[1], "branchlen": 0, "status": "active"}
    assert tips[rival] == {"height": height - 1, "hash": rival, "branchlen": 1, "status": "valid-fork"}
    assert (await peer.call("getblockheader", rival))["confirmations"] == -1


async def test_an_invalid_block_is_still_known_but_on_no_chain(peer: Peer) -> None:
    block, tip = [await peer.call("getblockhash", height) for height in (4, 5)]
    await peer.invalidate(block)
    assert await peer.call("getblockcount") == 3
    assert (await peer.call("getblockheader", block))["confirmations"] == -1
    assert (await peer.call("getchaintips"))[0] == {"height": 5, "hash": tip, "branchlen": 2, "status": "invalid"}


async def test_the_long_poll_ends_with_a_new_tip_with_its_time_and_with_the_node(peer: Peer) -> None:
    tip = await peer.call("getbestblockhash")
    assert await peer.call("waitfornewblock", 50) == {"hash": tip, "height": 5}

    waiting = asyncio.create_task(peer.call("waitfornewblock", 10_000))
    await asyncio.sleep(0.3)
    (block,) = await peer.mine(1)
    assert await asyncio.wait_for(waiting, 60) == {"hash": block, "height": 6}

    waiting = asyncio.create_task(peer.call("waitfornewblock", 10_000))
    await asyncio.sleep(0.3)
    await peer.invalidate(block)
    assert await asyncio.wait_for(waiting, 60) == {"hash": tip, "height": 5}

    waiting = asyncio.create_task(peer.call("waitfornewblock"))
    await asyncio.sleep(0.3)
    await peer.stop()
    assert await asyncio.wait_for(waiting, 60) == {"hash": tip, "height": 5}


# -- life --------------------------------------------------------------------------------------------------------------


async def test_a_restart_keeps_address_and_chain_and_changes_the_cookie(peer: Peer) -> None:
    cookie, notifications = peer.login, await peer.call("getzmqnotifications")
    tip = await peer.call("getbestblockhash")
    await peer.stop()
    assert not peer.node.cookie_file.exists()
    with pytest.raises(aiohttp.ClientConnectionError):
        await peer.say("{}", login=cookie)
    await peer.start()
    assert (await peer.say("{}", login=cookie))[0] == 401
    user, _, password = peer.login.partition(":")
    assert (user, len(password)) == ("__cookie__", 64)
    assert await peer.call("getbestblockhash") == tip
    assert await peer.call("getzmqnotifications") == notifications


async def test_after_a_restart_notices_are_numbered_from_the_beginning(peer: Peer) -> None:
    await peer.mine(200)
    await peer.stop()
    await peer.start()
    async with listening(peer) as heard:
        await peer.mine(1)
        assert all(number < 100 for *_, number in await heard(2))


async def test_a_node_that_is_not_ready_says_so(kind: str, start_bitcoind: Start) -> None:
    async with opened(kind, start_bitcoind, "-checkblocks=0", "-checklevel=4") as peer:
        if isinstance(peer.node, EmbeddedNode):
            peer.node.warm_up()
            said = await peer.say(UNREADY), await peer.rest(f"block/{NO_BLOCK}.bin")
            peer.node.warmed_up()
        else:
            await peer.mine(1000)  # there is much to check at the next start
            said = await _said_while_starting(peer)
        assert (await peer.say(UNREADY))[0] == 404
    (status, content_type, answer), rest = said
    assert (status, content_type, answer["error"]["code"]) == (500, JSON, -28)
    assert rest[:2] == (503, TEXT)
    assert rest[2].startswith(b"Service temporarily unavailable: ")


UNREADY = '{"method": "nope", "id": 1}'
"""Even what does not exist is not ready yet."""


async def _said_while_starting(peer: Peer) -> tuple[tuple[int, str, Any], tuple[int, str, bytes]]:
    """What a real node said to RPC and REST before it was ready. That is a moment, so it may take several starts."""
    said = None
    for _ in range(5):
        await peer.stop()
        starting = asyncio.create_task(peer.start())
        while not starting.done():
            with suppress(aiohttp.ClientConnectionError, FileNotFoundError):
                rpc, rest = await peer.say(UNREADY), await peer.rest(f"block/{NO_BLOCK}.bin")
                said = rpc, rest
                if rpc[2] and rpc[2]["error"]["code"] == -28 and rest[0] == 503:
                    await starting
                    return said
            await asyncio.sleep(0.001)
        await starting
    raise AssertionError(f"never seen before it was ready; at last: {said}")


async def test_a_pruned_node_keeps_headers_and_says_what_it_forgot(kind: str, start_bitcoind: Start) -> None:
    async with opened(kind, start_bitcoind, "-prune=1", "-fastprune") as peer:
        await peer.mine(600)
        await peer.prune(300)
        chain = await peer.call("getblockchaininfo")
        assert chain["pruned"] is True
        first = chain["pruneheight"]
        assert 1 < first <= 300
        gone, kept = [await peer.call("getblockhash", height) for height in (first - 1, first)]
        _, _, answer = await peer.say(json.dumps({"method": "getblock", "params": [gone, 0]}))
        assert answer["error"] == {"code": -1, "message": "Block not available (pruned data)"}
        assert await peer.rest(f"block/{gone}.bin") == (404, TEXT, f"{gone} not available (pruned data)\r\n".encode())
        assert (await peer.call("getblockheader", gone))["height"] == first - 1
        assert (await peer.rest(f"headers/1/{gone}.bin"))[0] == 200
        assert decode_block(bytes.fromhex(await peer.call("getblock", kept, 0)), height=first).hash == kept
