"""A publisher is reached wherever the node binds it, and one that cannot be reached is known as such."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
import zmq
import zmq.asyncio
from support.services import free_port

from monitor.cli.check.finding import Grade
from monitor.cli.check.findings import check
from monitor.config import Config
from monitor.embedded import EmbeddedNode
from monitor.node import subscription
from monitor.node.subscription import answers, connect, reachable


def _has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


IPV6 = pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")


@pytest.mark.parametrize(
    ("address", "host", "reached"),
    [
        ("tcp://127.0.0.1:28332", "node.example", "tcp://127.0.0.1:28332"),
        ("tcp://[fd00::7]:28332", "node.example", "tcp://[fd00::7]:28332"),
        ("tcp://0.0.0.0:28332", "node.example", "tcp://node.example:28332"),
        ("tcp://*:28332", "node.example", "tcp://node.example:28332"),
        ("tcp://[::]:28332", "::1", "tcp://[::1]:28332"),
        ("tcp://eth0:28332", "10.0.0.1", "tcp://10.0.0.1:28332"),
        ("ipc:///run/bitcoin.sock", "node.example", "ipc:///run/bitcoin.sock"),
    ],
)
def test_what_a_node_binds_to_becomes_an_address_to_connect_to(address: str, host: str, reached: str) -> None:
    assert reachable(address, host) == reached


@pytest.mark.parametrize(
    ("bound", "host"),
    [
        pytest.param("[::1]", "::1", marks=IPV6),
        ("lo", "127.0.0.1"),
        ("lo", "localhost"),
    ],
)
async def test_a_publisher_is_reached_over_ipv6_and_on_a_named_interface(bound: str, host: str) -> None:
    address = f"tcp://{bound}:{free_port()}"
    with zmq.asyncio.Context() as context, context.socket(zmq.XPUB) as publisher, context.socket(zmq.SUB) as subscriber:
        publisher.linger = subscriber.linger = 0
        publisher.ipv6 = "::" in bound
        publisher.bind(address)
        subscriber.subscribe("hashblock")
        seen_from_here = reachable(address, host)
        async with asyncio.timeout(10):
            await connect(subscriber, seen_from_here)
            assert await publisher.recv() == b"\x01hashblock"
        assert await answers(seen_from_here)


async def test_an_address_where_nothing_listens_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscription, "_ANSWER_SECONDS", 0.3)
    for address in (f"tcp://127.0.0.1:{free_port()}", "tcp://no-such-host.invalid:28332"):
        assert not await answers(address)


async def test_check_believes_in_announcements_only_where_the_publisher_answers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(subscription, "_ANSWER_SECONDS", 0.3)
    nowhere = f"tcp://127.0.0.1:{free_port()}"
    async with EmbeddedNode() as node:
        node.mine()

        async def notices(zmq: str) -> tuple[Grade, str]:
            config = Config.model_validate(
                {
                    "node": {"url": node.url, "cookie_file": node.cookie_file, "zmq": zmq},
                    "store": {"url": f"sqlite:///{tmp_path / 'blocks.sqlite'}"},
                    "web": {"port": 0},
                }
            )
            [found] = [each async for each in check(config) if "over ZMQ" in each.what]
            return found.grade, found.what

        assert await notices("auto") == (
            Grade.GOOD, f"New blocks are announced over ZMQ at {node.zmq_address}, which answers.",
        )  # fmt: skip
        grade, what = await notices(nowhere)
        assert grade is Grade.BETTER
        assert f"{nowhere} does not answer" in what
