"""The real services do what the tests build upon."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest
import zmq
from bitcoinrpc.authproxy import JSONRPCException
from prometheus_client import CollectorRegistry, Gauge, generate_latest, start_http_server
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine, mine_all, parent_of
from support.prometheus import Prometheus, check_metrics
from support.services import PATIENCE

from monitor.model import Output
from monitor.wire import bip34_height, decode_block


def test_a_mined_block_says_what_was_asked_for(bitcoind: Bitcoind) -> None:
    burn = Output(1000, bytes.fromhex("6a0568656c6c6f"))
    own = mine(
        bitcoind, Recipe(tag=b"/Foundry USA/", payout=b"\x00\x14" + bytes(20), extra=(burn,), time=1_700_000_000)
    )

    block = decode_block(bitcoind.rest(f"block/{own}.bin"), height=1)

    assert bitcoind.call("getbestblockhash") == own == block.hash
    assert block.coinbase.script.endswith(b"/Foundry USA/")
    assert bip34_height(block.coinbase.script) == 1
    assert block.coinbase.outputs == (Output(50_0000_0000 - 1000, b"\x00\x14" + bytes(20)), burn)
    assert block.header.time == 1_700_000_000
    assert bitcoind.call("getblockchaininfo")["initialblockdownload"] is False


def test_a_block_may_commit_to_a_witness(bitcoind: Bitcoind) -> None:
    own = mine(bitcoind, Recipe(tag=b"/segwit/", witness=True))

    raw = bitcoind.rest(f"block/{own}.bin")

    assert raw[85:87] == b"\x00\x01"
    assert decode_block(raw, height=1).coinbase.outputs[1].script.startswith(bytes.fromhex("6a24aa21a9ed"))


def test_many_blocks_are_quick(bitcoind: Bitcoind) -> None:
    started = time.monotonic()
    mined = mine_all(bitcoind, (Recipe(tag=b"/%d/" % n) for n in range(1000)))

    assert bitcoind.call("getblockhash", 1000) == mined[-1]
    assert time.monotonic() - started < 20 * PATIENCE


def test_zmq_tells_of_a_new_block(bitcoind: Bitcoind) -> None:
    with zmq.Context() as context, context.socket(zmq.SUB) as socket:
        for subscribed in ("hashblock", "sequence"):
            socket.subscribe(subscribed)
        socket.connect(bitcoind.zmq)
        socket.rcvtimeo = 300
        heard: dict[bytes, bytes] = {}
        for _ in range(30):  # a subscription takes a moment to arrive, so keep mining until one is heard
            own = mine(bitcoind)
            try:
                while len(heard) < 2:
                    topic, body, _count = socket.recv_multipart()
                    heard[topic] = body
                break
            except zmq.Again:
                heard.clear()

    assert heard[b"hashblock"].hex() == own
    assert heard[b"sequence"] == bytes.fromhex(own) + b"C"


def test_a_longer_branch_takes_over_and_an_invalidated_one_is_left(bitcoind: Bitcoind) -> None:
    base, *first = mine_all(bitcoind, [Recipe(tag=b"/a/")] * 3)
    second = mine_all(bitcoind, [Recipe(tag=b"/b/")] * 3, on=base)
    assert bitcoind.call("getbestblockhash") == second[-1]

    bitcoind.call("invalidateblock", second[0])

    assert bitcoind.call("getbestblockhash") == first[-1]
    assert parent_of(bitcoind, first[-1]).height == 3


def test_a_refused_block_says_why(bitcoind: Bitcoind) -> None:
    with pytest.raises(AssertionError, match="block 1 is refused: time-too-old"):
        mine(bitcoind, Recipe(time=1))


def test_a_restart_keeps_chain_and_ports_and_changes_the_cookie(bitcoind: Bitcoind) -> None:
    tip = mine_all(bitcoind, [Recipe()] * 5)[-1]
    cookie = bitcoind.cookie_file.read_text()

    bitcoind.restart()

    assert bitcoind.call("getbestblockhash") == tip
    assert bitcoind.cookie_file.read_text() != cookie


def test_a_killed_node_comes_back(bitcoind: Bitcoind) -> None:
    mine_all(bitcoind, [Recipe()] * 5)

    bitcoind.kill()
    bitcoind.start()

    assert bitcoind.call("getblockcount") <= 5  # what it had not written down yet is gone


def test_extra_arguments_win(start_bitcoind: Callable[..., Bitcoind]) -> None:
    node = start_bitcoind("-rest=0", "-prune=1")

    assert node.call("getblockchaininfo")["pruned"] is True
    with pytest.raises(OSError, match="404"):
        node.rest("chaininfo.json")


def test_a_node_that_cannot_start_says_why(start_bitcoind: Callable[..., Bitcoind]) -> None:
    with pytest.raises(AssertionError, match="no-such-argument"):
        start_bitcoind("-no-such-argument")


def test_an_error_of_the_node_is_an_exception(bitcoind: Bitcoind) -> None:
    with pytest.raises(JSONRPCException, match="out of range"):
        bitcoind.call("getblockhash", 7)


def test_the_newest_core_serves_a_part_of_a_block(bitcoind_core: Bitcoind) -> None:
    own = mine(bitcoind_core, Recipe(tag=b"/part/"))

    assert bitcoind_core.rest(f"blockpart/{own}.bin?offset=0&size=80") == bitcoind_core.rest(f"headers/1/{own}.bin")


def test_prometheus_scrapes_and_answers(start_prometheus: Callable[..., Prometheus], promtool: Path) -> None:
    registry = CollectorRegistry()
    Gauge("a_height", "How high.", ["chain"], registry=registry).labels("regtest").set(5)
    server, thread = start_http_server(0, addr="127.0.0.1", registry=registry)
    try:
        prometheus = start_prometheus(server.server_port)
        (sample,) = prometheus.wait_for("a_height > 4")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

    assert sample.value == 5
    assert sample.labels["chain"] == "regtest"
    assert check_metrics(promtool, generate_latest(registry).decode()) == ""
    assert "no help text" in check_metrics(promtool, "# TYPE undocumented gauge\nundocumented 1\n")
