"""The demo, as people start it."""

from __future__ import annotations

import json
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from support.daemon import environment
from support.forked import Process, run, start
from support.services import end, get, wait_until

RACES = 2
"""How many reorganisations must be seen: the second one proves that the demo went on after the first."""

SERIES_LIMIT = 5_000
"""With the default windows, on numbers like mainnet's."""


@contextmanager
def demo(folder: Path, seconds: float, **settings: object) -> Iterator[tuple[Process, int]]:
    """A demo whose temporary folders are made in this one: the process, and its port."""
    said = folder / "said"
    process = start(
        "demo", "--seconds", str(seconds), "--port", "0", folder=folder, output=said,
        environment=environment(**settings) | {"TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        opened = re.compile(rb"Open http://127\.0\.0\.1:(\d+)")
        wait_until(lambda: bool(opened.search(said.read_bytes())), seconds=20, what="the demo to print its address")
        found = opened.search(said.read_bytes())
        assert found
        yield process, int(found[1])
    finally:
        if process.poll() is None:
            end(process)


def test_the_demo_shows_mainnet_with_its_races_and_tells_nobody(scratch: Path) -> None:
    """Although the configuration in the working directory, as the daemon's own may be, names a broker."""
    with socket.create_server(("127.0.0.1", 0)) as broker:
        broker.settimeout(0)
        with demo(scratch, 0.05, mqtt__url=f"mqtt://127.0.0.1:{broker.getsockname()[1]}") as (_, port):
            wait_until(lambda: _ask(port, "/readyz")["ready"], seconds=30, what="the demo to be ready")
            assert len(_ask(port, "/api/v1/shares?window=7d")["windows"][0]["shares"]) > 10
            assert get(port, "/").startswith(b"<!doctype html>")

            wait_until(lambda: _reorgs(port) >= RACES, seconds=40, what="a second reorganisation")
            assert any(block["stale"] for block in _ask(port, "/api/v1/blocks?limit=200")["blocks"])
            assert _ask(port, "/api/v1/status")["tip"]["height"] > 900_000
            series = [line for line in get(port, "/metrics").splitlines() if not line.startswith(b"#")]
            assert 1000 < len(series) < SERIES_LIMIT
            with pytest.raises(BlockingIOError):
                broker.accept()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_leaves_nothing_behind(scratch: Path, number: int) -> None:
    with demo(scratch, 600) as (process, port):
        assert _ask(port, "/healthz")["alive"]
        process.send_signal(number)
        assert process.wait() == 0
    assert [each.name for each in scratch.iterdir()] == ["said"]


def test_a_demo_that_cannot_listen_says_so_in_one_sentence(scratch: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        done = run("demo", "--port", other.getsockname()[1], environment=environment(), folder=scratch)

    assert done.returncode == 2
    assert "is in use" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def _ask(port: int, path: str) -> Any:  # noqa: ANN401 -- JSON is whatever it is
    try:
        return json.loads(get(port, path))
    except OSError as not_yet:
        return {"ready": False, "why": str(not_yet)}


def _reorgs(port: int) -> float:
    found = re.search(rb"^pool_monitor_reorgs_total (\S+)", get(port, "/metrics"), re.MULTILINE)
    return float(found[1]) if found else 0.0
