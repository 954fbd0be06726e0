"""What a monitor asks of a node gets the same answer from the embedded node as from real ones, mistakes included."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import aiohttp
import pytest
from bitcoinrpc.authproxy import AuthServiceProxy, JSONRPCException
from support.peers import Peer

from monitor.embedded import EmbeddedNode
from monitor.wire import bip34_height, decode_block, decode_header

GENESIS = "0f9188f13cb7b2c71f2a335e3a4fc328bf5beb436012afca590b1a11466e2206"
NOWHERE = "0" * 64
BINARY, TEXT = "application/octet-stream", "text/plain"

# -- JSON-RPC ----------------------------------------------------------------------------------------------------------

MISTAKES = {
    "{garbage": (500, -32700, "Parse error"),
    "": (500, -32700, "Parse error"),
    "5": (500, -32700, "Top-level object parse error"),
    "{}": (400, -32600, "Missing method"),
    '{"method": 5}': (400, -32600, "Method must be a string"),
    '{"method": "getblockcount", "params": 5}': (400, -32600, "Params must be an array or object"),
    '{"method": "nope", "id": 1}': (404, -32601, "Method not found"),
    '{"method": "getblockcount", "params": [1]}': (500, -1, None),
    '{"method": "getblockhash", "params": []}': (500, -1, None),
    '{"method": "getblockhash", "params": [99]}': (500, -8, "Block height out of range"),
    '{"method": "getblockhash", "params": [-1]}': (500, -8, "Block height out of range"),
    '{"method": "getblockheader", "params": ["00"]}': (500, -8, "hash must be of length 64 (not 2, for '00')"),
    f'{{"method": "getblockheader", "params": ["{"z" * 64}"]}}': (
        500,
        -8,
        f"hash must be hexadecimal string (not '{'z' * 64}')",
    ),
    f'{{"method": "getblockheader", "params": ["{NOWHERE}"]}}': (500, -5, "Block not found"),
    f'{{"method": "getblock", "params": ["{NOWHERE}", 0]}}': (500, -5, "Block not found"),
    '{"method": "waitfornewblock", "params": [-1]}': (500, -1, "Negative timeout"),
}
"""What is asked wrongly, and the HTTP status, error code and message it gets; None where the message is a help text."""


async def test_mistakes_get_the_same_status_code_and_message(peer: Peer) -> None:
    got = {}
    for text, (_, _, message) in MISTAKES.items():
        status, content_type, answer = await peer.say(text)
        assert content_type == "application/json", text
        assert answer.keys() - {"id"} == {"result", "error"}
        error = answer["error"]
        got[text] = (status, error["code"], message and error["message"])
    assert got == MISTAKES


async def test_answers_have_result_and_error(peer: Peer) -> None:
    one = await peer.say('{"version": "1.1", "method": "getblockcount", "params": [], "id": "a"}')
    assert one == (200, "application/json", {"result": 5, "error": None, "id": "a"})
    assert (await peer.say('{"method": "getblockcount"}'))[2] == {"result": 5, "error": None}


async def test_without_the_right_credentials_there_is_nothing(peer: Peer) -> None:
    async with aiohttp.ClientSession() as session:
        for headers in ({}, {"Authorization": "Basic eDp5"}, {"Authorization": "Bearer x"}):
            async with session.post(f"{peer.node.url}/", data="{}", headers=headers) as response:
                assert response.status == 401
                assert response.headers["WWW-Authenticate"] == 'Basic realm="jsonrpc"'
                assert await response.read() == b""


async def test_other_methods_and_paths_are_refused(peer: Peer) -> None:
    assert (await peer.get("/"))[0] == 405
    assert (await peer.get("/elsewhere"))[0] == 404


ANSWERS: dict[str, dict[str, type | tuple[type, ...]]] = {
    "getblockchaininfo": {
        "chain": str, "blocks": int, "headers": int, "bestblockhash": str, "verificationprogress": (int, float),
        "initialblockdownload": bool, "pruned": bool,
    },
    "getnetworkinfo": {"subversion": str},
    "getblockheader": {
        "hash": str, "confirmations": int, "height": int, "version": int, "time": int, "bits": str, "chainwork": str,
        "previousblockhash": str,
    },
    "waitfornewblock": {"hash": str, "height": int},
}  # fmt: skip
"""The keys that may be relied upon, and what is under them."""


async def test_answers_have_the_keys_and_types_that_a_monitor_relies_on(peer: Peer) -> None:
    tip = await peer.call("getbestblockhash")
    parameters: dict[str, list[object]] = {"getblockheader": [tip], "waitfornewblock": [1]}
    for method, keys in ANSWERS.items():
        answer = await peer.call(method, *parameters.get(method, []))
        wrong = {key: answer.get(key) for key, type_ in keys.items() if not isinstance(answer.get(key), type_)}
        assert not wrong, method
        if isinstance(peer.node, EmbeddedNode):
            assert answer.keys() == keys.keys(), "every key is held against the real nodes"
    assert await peer.call("getblockcount") == 5


async def test_headers_tell_parent_and_standing(peer: Peer) -> None:
    hashes = [await peer.call("getblockhash", height) for height in range(6)]
    assert hashes[0] == GENESIS
    genesis, third, tip = [await peer.call("getblockheader", hashes[height]) for height in (0, 3, 5)]
    assert "previousblockhash" not in genesis
    assert third["previousblockhash"] == hashes[2]
    assert [header["confirmations"] for header in (genesis, third, tip)] == [6, 3, 1]
    assert genesis["chainwork"] == f"{2:064x}"
    assert genesis["bits"] == "207fffff"


async def test_raw_blocks_and_headers_agree_by_every_way(peer: Peer) -> None:
    tip = await peer.call("getbestblockhash")
    raw = bytes.fromhex(await peer.call("getblock", tip, 0))
    verbose = False
    assert await peer.call("getblockheader", tip, verbose) == raw[:80].hex()
    assert (await peer.rest(f"block/{tip}.bin"))[2] == raw
    assert (await peer.rest(f"headers/{tip}.bin?count=1"))[2] == raw[:80]
    block = decode_block(raw, height=5)
    assert block.hash == tip
    assert bip34_height(block.coinbase.script) == 5
    commitments = [output for output in block.coinbase.outputs if output.script.startswith(b"\x6a\x24\xaa\x21\xa9\xed")]
    assert len(commitments) == 1


async def test_the_usual_python_client_works(peer: Peer) -> None:
    url = f"http://{peer.login}@{urlsplit(peer.node.url).netloc}"

    def ask() -> tuple[object, ...]:
        proxy = AuthServiceProxy(url, timeout=10)
        try:
            count, best = proxy.getblockcount(), proxy.getbestblockhash()
            with pytest.raises(JSONRPCException) as wrong:
                proxy.getblockhash(99)
            return count, best, wrong.value.code, proxy.getblockheader(best)["height"]
        finally:
            proxy._AuthServiceProxy__conn.close()  # noqa: SLF001 -- it has no close of its own

    tip = await peer.call("getbestblockhash")
    assert await asyncio.to_thread(ask) == (5, tip, -8, 5)


# -- REST --------------------------------------------------------------------------------------------------------------

PATHS: dict[str, tuple[int, str, bytes | int]] = {
    "block/TIP": (404, TEXT, b"output format not found (available: .bin, .hex, .json)\r\n"),
    "block/zz.bin": (400, TEXT, b"Invalid hash: zz\r\n"),
    f"block/{NOWHERE}.bin": (404, TEXT, f"{NOWHERE} not found\r\n".encode()),
    "headers/TIP.bin?count=2": (200, BINARY, 80),
    "headers/1/TIP.bin": (200, BINARY, 80),
    f"headers/2/{GENESIS}.bin": (200, BINARY, 160),
    f"headers/2000/{GENESIS}.bin": (200, BINARY, 480),
    f"headers/{GENESIS}.bin": (200, BINARY, 400),
    f"headers/{NOWHERE}.bin": (200, BINARY, b""),
    "headers/zz.bin": (400, TEXT, b"Invalid hash: zz\r\n"),
    f"headers/2001/{GENESIS}.bin": (
        400,
        TEXT,
        b"Header count is invalid or out of acceptable range (1-2000): 2001\r\n",
    ),
}
"""Paths, and the status, type and body (or its length) they get."""

PARTS: dict[str, tuple[int, str, bytes | int]] = {
    "blockpart/TIP.bin?offset=0&size=80": (200, BINARY, 80),
    "blockpart/TIP.bin": (400, TEXT, b"Block part offset missing or invalid\r\n"),
    "blockpart/TIP.bin?offset=0": (400, TEXT, b"Block part size missing or invalid\r\n"),
    "blockpart/TIP.bin?offset=0&size=0": (400, TEXT, b"Bad block part offset/size 0/0 for TIP\r\n"),
    "blockpart/TIP.bin?offset=0&size=9999": (400, TEXT, b"Bad block part offset/size 0/9999 for TIP\r\n"),
    "blockpart/TIP.bin?offset=-1&size=1": (400, TEXT, b"Block part offset missing or invalid\r\n"),
    f"blockpart/{NOWHERE}.bin?offset=0&size=80": (404, TEXT, f"{NOWHERE} not found\r\n".encode()),
}
"""The same for nodes that serve parts of blocks."""


async def test_rest_answers_alike(peer: Peer) -> None:
    tip = await peer.call("getbestblockhash")
    paths = PATHS | (PARTS if peer.blockpart else {})
    got = {}
    for path, (_, _, expected) in paths.items():
        status, content_type, body = await peer.rest(path.replace("TIP", tip))
        told = body.replace(tip.encode(), b"TIP")
        got[path] = (status, content_type, len(body) if isinstance(expected, int) else told)
    assert got == paths
    assert (await peer.rest("nope"))[0] == 404
    if not peer.blockpart:
        assert (await peer.rest(f"blockpart/{tip}.bin?offset=0&size=80"))[0] == 404


async def test_headers_by_rest_are_those_of_the_best_chain_only(peer: Peer) -> None:
    below, stale = await peer.call("getblockhash", 3), await peer.call("getblockhash", 4)
    await peer.invalidate(stale)
    assert (await peer.rest(f"headers/5/{stale}.bin"))[2] == b""
    assert [decode_header((await peer.rest(f"headers/5/{below}.bin"))[2]).hash] == [below]
    assert (await peer.rest(f"block/{stale}.bin"))[0] == 200
