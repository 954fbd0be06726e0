"""SIGTERM ends the daemon within five seconds with exit code 0, whatever it does; SIGHUP and SIGUSR1 never end it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest
from support.daemon import environment
from support.forked import POOL_MONITOR, Process, start
from support.services import PATIENCE, wait_until

from monitor import process_signals

MODULE_THAT_HANGS = """
import socket, time
def getaddrinfo(*_, **__):
    time.sleep(600)
socket.getaddrinfo = getaddrinfo
"""

SIGNALS_AT_AN_IMPORT = """
import os, signal, sys
def hear(event, arguments):
    if event == "import" and arguments[0] == MODULE:
        for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM):
            os.kill(os.getpid(), number)
sys.addaudithook(hear)
"""

Phase: TypeAlias = Callable[[Path, ExitStack], dict[str, object]]


def test_an_orderly_end_has_less_than_five_seconds() -> None:
    assert process_signals.STOP_SECONDS < 5


def _catches(process: Process, number: int) -> bool:
    """Whether the process handles the signal itself."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    caught = int(next(line for line in status.splitlines() if line.startswith("SigCgt:")).split()[1], 16)
    return bool(caught >> (number - 1) & 1)


def _fifo(scratch: Path, _: ExitStack) -> str:
    path = scratch / "never written to"
    os.mkfifo(path)
    return str(path)


def _registry_that_hangs(scratch: Path, ended: ExitStack) -> dict[str, object]:
    return {"registry__user_file": _fifo(scratch, ended)}


def _rules_that_hang(scratch: Path, ended: ExitStack) -> dict[str, object]:
    return {"alerts__rules_file": _fifo(scratch, ended)}


def _name_that_is_not_resolved(scratch: Path, _: ExitStack) -> dict[str, object]:
    (scratch / "sitecustomize.py").write_text(MODULE_THAT_HANGS)
    return {"node__url": "http://node.invalid:8332"}


def _listener(ended: ExitStack, backlog: int) -> socket.socket:
    server = ended.enter_context(socket.socket())
    server.bind(("127.0.0.1", 0))
    server.listen(backlog)
    return server


def _node_that_drops_syn(_: Path, ended: ExitStack) -> dict[str, object]:
    server = _listener(ended, 0)
    for _attempt in range(3):  # the queue of the kernel is full: further connections hang
        client = ended.enter_context(socket.socket())
        client.settimeout(0)
        client.connect_ex(server.getsockname())
    return {"node__url": f"http://127.0.0.1:{server.getsockname()[1]}"}


def _node_that_is_silent(_: Path, ended: ExitStack) -> dict[str, object]:
    return {"node__url": f"http://127.0.0.1:{_listener(ended, 50).getsockname()[1]}"}


def _no_node(_: Path, __: ExitStack) -> dict[str, object]:
    return {"node__url": "http://127.0.0.1:1"}


PHASES: tuple[Phase, ...] = (
    _registry_that_hangs,
    _rules_that_hang,
    _name_that_is_not_resolved,
    _node_that_drops_syn,
    _node_that_is_silent,
)


@pytest.fixture
def ended() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _launched(scratch: Path, ended: ExitStack, /, *command: str, **settings: object) -> Process:
    """A daemon that handles its signals already."""
    given = {"store__url": f"sqlite:///{scratch / 'blocks.sqlite'}", "web__port": 0, "log__format": "json"}
    ours = environment(**given | settings)
    ours["PYTHONPATH"] = os.pathsep.join([str(scratch), *filter(None, [ours.get("PYTHONPATH")])])
    process = start(
        *(command or ("run",)), environment=ours, folder=scratch, output=scratch / "log", command=POOL_MONITOR
    )
    ended.callback(process.wait)
    ended.callback(process.kill)
    wait_until(lambda: _catches(process, signal.SIGUSR1), seconds=20, what="the daemon to handle signals")
    return process


def _stops(process: Process, scratch: Path) -> None:
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    status = process.wait(20 * PATIENCE)
    assert status == 0, (scratch / "log").read_text()[-2000:]
    # Four seconds for an orderly end, and what a busy machine takes besides.
    assert time.monotonic() - started < process_signals.STOP_SECONDS + PATIENCE


@pytest.mark.parametrize("phase", PHASES)
def test_it_stops_while_something_hangs(scratch: Path, ended: ExitStack, phase: Phase) -> None:
    process = _launched(scratch, ended, **phase(scratch, ended))
    log = scratch / "log"
    if phase not in {_registry_that_hangs, _rules_that_hang}:
        wait_until(lambda: "listening" in log.read_text(), seconds=20, what="the daemon to listen")
    time.sleep(2)  # for what hangs to be reached: sooner is another phase, in which it has to stop as well
    for number in (signal.SIGHUP, signal.SIGUSR1):
        process.send_signal(number)
    time.sleep(0.2)
    assert process.poll() is None
    _stops(process, scratch)


@pytest.mark.parametrize("seconds", [0.0, 0.1, 0.3, 0.6, 1.0, 1.5])
def test_it_stops_at_any_moment_of_its_start(scratch: Path, ended: ExitStack, seconds: float) -> None:
    process = _launched(scratch, ended, **_no_node(scratch, ended))
    for number in (signal.SIGHUP, signal.SIGUSR1):
        process.send_signal(number)
    time.sleep(seconds)
    assert process.poll() is None
    _stops(process, scratch)


@pytest.mark.parametrize("module", ["monitor.errors", "typer", "monitor.app"])
def test_it_stops_while_it_imports(scratch: Path, module: str) -> None:
    """`monitor.errors` is the first module of ours that takes time to import."""
    (scratch / "sitecustomize.py").write_text(SIGNALS_AT_AN_IMPORT.replace("MODULE", repr(module)))
    ours = environment(node__url="http://127.0.0.1:1", store__url=f"sqlite:///{scratch / 'blocks.sqlite'}", web__port=0)
    ours["PYTHONPATH"] = os.pathsep.join([str(scratch), *filter(None, [ours.get("PYTHONPATH")])])
    done = subprocess.run([*POOL_MONITOR, "run"], env=ours, cwd=scratch, timeout=20 * PATIENCE, check=False)
    assert done.returncode == 0


@pytest.mark.parametrize("seconds", [2.0, 4.0, 6.0])
def test_it_stops_while_it_fetches_and_computes(scratch: Path, ended: ExitStack, seconds: float) -> None:
    """The demo has 20,000 blocks of history, which it fetches, stores and computes estimates of."""
    process = _launched(scratch, ended, "demo", log__level="warning")
    time.sleep(seconds)
    assert process.poll() is None
    _stops(process, scratch)
