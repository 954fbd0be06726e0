"""A power cut at any moment costs nothing: afterwards the numbers are those of a daemon that was never cut off."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine_all
from support.daemon import Daemon
from support.services import wait_until

TAGS = (b"/Foundry USA Pool #dropgold/", b"/AntPool/", b"/ViaBTC/", b"/nobody knows/", b"/slush/")
CUTS = 4
MOST = 200
"""Blocks that arrive meanwhile: on a slow machine no more than on a fast one."""


def test_a_daemon_killed_again_and_again_ends_with_the_same_numbers(bitcoind: Bitcoind, scratch: Path) -> None:
    chance = random.Random(0)  # noqa: S311 -- repeatable, not secret
    node: dict[str, Any] = {"node__url": bitcoind.url, "node__cookie_file": bitcoind.cookie_file}
    mine_all(bitcoind, _recipes(chance, 520))  # more than one batch to catch up with
    cut, fresh = Daemon(scratch / "cut", **node), Daemon(scratch / "fresh", **node)

    with _blocks_arriving(bitcoind, chance):
        for nth in range(CUTS):
            cut.start()
            if nth == CUTS // 2:
                wait_until(lambda: bool(cut.events("ready")), seconds=20, what="the daemon to have caught up")
            else:
                time.sleep(chance.uniform(0, 1.5))
            cut.kill()
    tip = bitcoind.call("getbestblockhash")

    with cut, fresh:
        cut.wait_for(tip)
        fresh.wait_for(tip)
        _settle(cut, fresh)
        for one, other in zip(_numbers(cut), _numbers(fresh), strict=True):
            assert one == other
        assert _best_chain(cut) == _best_chain(fresh) == _chain_of(bitcoind)


@contextmanager
def _blocks_arriving(node: Bitcoind, chance: random.Random) -> Iterator[None]:
    """Blocks come all the time, and now and then a branch takes over from one, two or three of them."""
    enough = threading.Event()

    def work() -> None:
        for _ in range(MOST):
            if enough.wait(0.02):
                break
            on, blocks = None, 1
            if chance.random() < 0.1:
                depth = chance.randint(1, 3)
                on, blocks = node.call("getblockhash", node.call("getblockcount") - depth), depth + 1
            mine_all(node, _recipes(chance, blocks), on=on)

    miner = threading.Thread(target=work)
    miner.start()
    try:
        yield
    finally:
        enough.set()
        miner.join()


def _numbers(daemon: Daemon) -> list[dict[str, Any]]:
    """Everything that is told of each window."""
    answers = [daemon.ask(f"/api/v1/{question}") for question in ("concentration", "shares")]
    return [window for answer in answers for window in answer["windows"]]


def _settle(*daemons: Daemon) -> None:
    """Estimates come a moment after the block: wait for equality, and let an assertion tell where there is none."""
    first, *others = daemons
    with suppress(AssertionError):
        wait_until(
            lambda: all(_numbers(first) == _numbers(other) for other in others), seconds=10, what="the same numbers"
        )


def _recipes(chance: random.Random, count: int) -> list[Recipe]:
    """Blocks of anyone, none like another."""
    return [Recipe(tag=chance.choice(TAGS) + chance.randbytes(8)) for _ in range(count)]


def _best_chain(daemon: Daemon) -> list[str]:
    """The hashes of every stored block that is not stale, highest first."""
    found: list[str] = []
    below = 2**31 - 1
    while blocks := daemon.ask(f"/api/v1/blocks?limit=500&below={below}")["blocks"]:
        found += [block["hash"] for block in blocks if not block["stale"]]
        below = blocks[-1]["height"]
        if below == 0:
            break
    return found


def _chain_of(node: Bitcoind) -> list[str]:
    return [node.call("getblockhash", height) for height in range(node.call("getblockcount"), -1, -1)]
