"""A log that is not read, closed or full neither stops nor ends the daemon."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any

import pytest
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine
from support.daemon import environment
from support.forked import POOL_MONITOR
from support.services import PATIENCE, free_port, get, wait_until


@contextmanager
def _nobody_reads() -> Iterator[IO[bytes]]:
    """A pipe that is full already."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4096)
    os.set_blocking(writer, True)
    with os.fdopen(reader, "rb"), os.fdopen(writer, "wb", 0) as pipe:
        yield pipe


@contextmanager
def _reader_has_gone() -> Iterator[IO[bytes]]:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb", 0) as pipe:
        yield pipe


@contextmanager
def _disk_is_full() -> Iterator[IO[bytes]]:
    with Path("/dev/full").open("wb", 0) as full:
        yield full


@contextmanager
def _closed() -> Iterator[None]:
    yield None


@pytest.mark.parametrize("log", [_nobody_reads, _reader_has_gone, _disk_is_full, _closed])
def test_blocks_are_followed_and_it_stops_when_asked(bitcoind: Bitcoind, scratch: Path, log: Any) -> None:  # noqa: ANN401
    mine(bitcoind, Recipe(tag=b"/Foundry USA Pool/"))
    port = free_port()
    settings = {
        "node__url": bitcoind.url, "node__cookie_file": bitcoind.cookie_file, "log__format": "json",
        "store__url": f"sqlite:///{scratch / 'blocks.sqlite'}", "web__port": port,
    }  # fmt: skip
    with log() as stderr:
        closing = ["sh", "-c", 'exec "$@" 2>&-', "sh"] if stderr is None else []
        daemon = subprocess.Popen(
            [*closing, *POOL_MONITOR, "run"], env=environment(**settings), stdin=subprocess.DEVNULL, stderr=stderr
        )
        try:
            tip = mine(bitcoind, Recipe(tag=b"/ViaBTC/"))
            wait_until(lambda: _shows(port, tip), seconds=20, what="the daemon to show the new block")
            if stderr is not None and log is not _nobody_reads:
                dropped = next(
                    line for line in get(port, "/metrics").decode().splitlines()
                    if line.startswith("pool_monitor_log_lines_dropped_total ")
                )  # fmt: skip
                assert float(dropped.split()[1]) > 0
            daemon.send_signal(signal.SIGTERM)
            assert daemon.wait(10 * PATIENCE) == 0
        finally:
            daemon.kill()
            daemon.wait()


def _shows(port: int, tip: str) -> bool:
    try:
        return tip in get(port, "/api/v1/status").decode()
    except OSError:
        return False
