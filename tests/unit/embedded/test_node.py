"""What can befall the embedded node, and what kinds of it there are. That it speaks like a real one: tests/contract."""

from __future__ import annotations

import asyncio
import base64
import json
import socket
import stat
import time
from typing import Any

import aiohttp
import pytest
import zmq

from monitor.embedded import EmbeddedNode, Signature, mainnet
from monitor.model import BlockHash, BlockRef, PoolSlug
from monitor.wire import decode_block

FOUNDRY = PoolSlug("foundryusa")
SIGNATURES = {FOUNDRY: Signature(b"/Foundry USA Pool #dropgold/", b"\x00\x14" + b"\x07" * 20)}


async def ask(node: EmbeddedNode, method: str, *params: object, login: str | None = None) -> Any:  # noqa: ANN401
    """The result, or the error's code and message."""
    login = login or node.cookie_file.read_text()
    headers = {"Authorization": "Basic " + base64.b64encode(login.encode()).decode()}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(node.url, data=json.dumps({"method": method, "params": params})) as response,
    ):
        if response.status == 401:
            return 401
        answer = await response.json()
        return answer["result"] if answer["error"] is None else tuple(answer["error"].values())


async def get(node: EmbeddedNode, path: str) -> tuple[int, bytes]:
    async with aiohttp.ClientSession() as session, session.get(f"{node.url}{path}") as response:
        return response.status, await response.read()


async def test_blocks_carry_the_pools_signature() -> None:
    async with EmbeddedNode(signatures=SIGNATURES) as node:
        signed, unsigned = node.mine(FOUNDRY, time=1_700_000_000), node.mine(PoolSlug("nobody"))
        blocks = [
            decode_block(bytes.fromhex(await ask(node, "getblock", hash_, 0)), height=1) for hash_ in (signed, unsigned)
        ]
    assert [b"/Foundry USA Pool #dropgold/" in block.coinbase.script for block in blocks] == [True, False]
    assert [block.coinbase.outputs[0].script == SIGNATURES[FOUNDRY].script for block in blocks] == [True, False]
    assert [block.header.time for block in blocks] == [1_700_000_000, 1_700_000_600]


async def test_a_branch_can_be_built_and_overtake() -> None:
    async with EmbeddedNode() as node:
        base = node.mine()
        first = node.mine()
        rival = node.mine(on=base)
        assert node.tip == BlockRef(2, first)
        last = node.mine(on=rival)
        assert node.tip == BlockRef(3, last)
        with pytest.raises(ValueError, match="unknown block"):
            node.mine(on=BlockHash("12" * 32))


async def test_a_reorg_leaves_as_many_blocks_behind_as_said() -> None:
    async with EmbeddedNode() as node:
        before = [node.mine() for _ in range(5)]
        branch = node.reorg(3)
        assert [await ask(node, "getblockhash", height) for height in range(1, 7)] == [*before[:2], *branch]
        assert (await ask(node, "getblockheader", before[2]))["confirmations"] == -1
        with pytest.raises(ValueError, match="cannot disconnect 7 blocks"):
            node.reorg(7)


async def test_a_stalled_node_accepts_questions_and_answers_them_later() -> None:
    async with EmbeddedNode() as node:
        node.stall()
        waiting = [asyncio.create_task(ask(node, "getblockcount")) for _ in range(3)]
        done, _ = await asyncio.wait(waiting, timeout=0.2)
        assert not done
        node.mine()
        node.resume()
        assert await asyncio.wait_for(asyncio.gather(*waiting), 60) == [1, 1, 1]
        assert node.most_in_flight == 3


async def test_a_stall_holds_back_a_long_poll_that_began_before_it() -> None:
    async with EmbeddedNode() as node:
        waiting = asyncio.create_task(ask(node, "waitfornewblock"))
        await asyncio.sleep(0.1)
        node.stall()
        block = node.mine()
        done, _ = await asyncio.wait([waiting], timeout=0.2)
        assert not done
        node.resume()
        assert await asyncio.wait_for(waiting, 60) == {"hash": block, "height": 1}


async def test_a_stalled_node_can_be_stopped() -> None:
    async with EmbeddedNode() as node:
        node.stall()
        waiting = asyncio.create_task(ask(node, "getblockcount"))
        await asyncio.sleep(0.1)
        started = time.monotonic()
    assert time.monotonic() - started < 20
    with pytest.raises(aiohttp.ClientError):
        await waiting


async def test_a_restart_drops_connections_and_begins_the_notices_anew() -> None:
    async with EmbeddedNode() as node:
        where, cookie = (node.url, node.zmq_address), node.cookie_file.read_text()
        with zmq.Context() as context, context.socket(zmq.SUB) as listener:
            listener.subscribe(b"hashblock")
            listener.connect(node.zmq_address or "")
            first = await _first_notice(node, listener)
            await node.restart()
            again = await _first_notice(node, listener)
        assert (node.url, node.zmq_address) == where
        assert node.cookie_file.read_text() != cookie
        assert await ask(node, "getblockcount", login=cookie) == 401
        assert await ask(node, "getblockcount") == node.tip.height
    assert first + again < node.tip.height


async def _first_notice(node: EmbeddedNode, listener: zmq.Socket[bytes]) -> int:
    """Mine until a notice arrives; its number."""
    for _ in range(100):
        node.mine()
        if await asyncio.to_thread(listener.poll, 50):
            number = int.from_bytes(listener.recv_multipart()[2], "little")
            while listener.poll(0):
                listener.recv_multipart()
            return number
    raise AssertionError("no notice arrived")


async def test_it_leaves_nothing_behind() -> None:
    async with EmbeddedNode() as node:
        folder, port = node.cookie_file.parent, int(node.url.rpartition(":")[2])
        assert stat.S_IMODE(node.cookie_file.stat().st_mode) == 0o600
    assert not folder.exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0


async def test_a_port_taken_meanwhile_is_an_error_that_leaves_nothing_open() -> None:
    async with EmbeddedNode() as node:
        await node.stop()
        port = int(node.url.rpartition(":")[2])
        with socket.create_server(("127.0.0.1", port)), pytest.raises(OSError, match="in use"):
            await node.start()
        await node.stop()
        await node.start()
        assert await ask(node, "getblockcount") == 0


async def test_a_login_replaces_the_cookie() -> None:
    async with EmbeddedNode(login=("alice", "pass:word")) as node:
        assert not node.cookie_file.exists()
        assert await ask(node, "getblockcount", login="alice:pass:word") == 0
        assert await ask(node, "getblockcount", login="alice:wrong") == 401


async def test_interfaces_can_be_switched_off() -> None:
    async with EmbeddedNode(rest=False, zmq=False) as node:
        assert await get(node, f"/rest/block/{node.tip.hash}.bin") == (404, b"")
        assert await ask(node, "getzmqnotifications") == []
        assert node.zmq_address is None
    async with EmbeddedNode(blockpart=False) as node:
        assert (await get(node, f"/rest/blockpart/{node.tip.hash}.bin?offset=0&size=80"))[0] == 404
        assert (await get(node, f"/rest/block/{node.tip.hash}.bin"))[0] == 200


async def test_questions_are_counted() -> None:
    async with EmbeddedNode() as node:
        await ask(node, "getblockcount")
        await ask(node, "getblockcount")
        await ask(node, "nope")
        await get(node, f"/rest/block/{node.tip.hash}.bin")
        assert dict(node.asked) == {"getblockcount": 2, "rest/block": 1}


async def test_the_whole_history_is_there_at_once_as_on_a_pruned_node() -> None:
    node = await asyncio.to_thread(EmbeddedNode, network="main", signatures=SIGNATURES, history=mainnet())
    async with node:
        chain = await ask(node, "getblockchaininfo")
        assert (chain["chain"], chain["blocks"], chain["pruned"]) == ("main", 930_340, True)
        assert chain["pruneheight"] == 921_342
        assert await ask(node, "getblockhash", 0) == "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
        first, second = await ask(node, "getblockhash", 921_341), await ask(node, "getblockhash", 921_342)
        assert await ask(node, "getblock", first, 0) == (-1, "Block not available (pruned data)")
        assert await ask(node, "getblockhash", 921_340) == (-1, "Block not available (pruned data)")
        assert await ask(node, "getblockhash", 930_341) == (-8, "Block height out of range")
        block = decode_block(bytes.fromhex(await ask(node, "getblock", second, 0)), height=921_342)
        assert (block.header.parent, block.header.bits) == (first, 0x1701CDFB)
