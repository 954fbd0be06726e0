"""The unit for systemd, and the daemon under what it demands."""

from __future__ import annotations

import ctypes
import errno
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine, mine_all
from support.daemon import Daemon, environment
from support.forked import POOL_MONITOR
from support.peers import Start
from support.seccomp import ARCHITECTURES, Rule, confined, of_rule, only
from support.services import CHECKOUT, program, wait_until

from monitor.node.rpc import CALLS

UNIT = CHECKOUT / "deploy" / "systemd" / "pool-monitor.service"
GUIDE = (CHECKOUT / "docs" / "how-to" / "debian.md").read_text("utf-8")
WITHOUT_THE_SCHEDULER = UNIT.read_text("utf-8").replace("SystemCallFilter=sched_setscheduler setpriority\n", "")
"""A unit that is a little tighter than the program likes."""
NO_ZMQ = "ZMQ cannot be used here: new blocks are noticed by long poll and timer"
DENY_WRITE_EXECUTE = 65
"""PR_SET_MDWE of prctl(2): what MemoryDenyWriteExecute asks of the kernel, from Linux 6.3 on."""


@pytest.fixture
def analyze() -> Path:
    found = program("systemd-analyze")
    if os.geteuid() != 0 and not Path("/run/systemd").exists():
        pytest.skip("systemd-analyze wants /run/systemd: a machine that runs systemd, or root")
    return found


@pytest.fixture
def manager(scratch: Path) -> Iterator[tuple[socket.socket, dict[str, str]]]:
    """What systemd is to its child: a socket, and variables."""
    address = scratch / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(address))
        listener.settimeout(60)
        yield listener, {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "600000"}


def test_systemd_takes_the_unit(analyze: Path, scratch: Path) -> None:
    program_there = scratch / "pool-monitor"
    program_there.write_text("#!/bin/sh\n")
    program_there.chmod(0o755)
    unit = scratch / UNIT.name
    text = UNIT.read_text().replace("/opt/pool-monitor/bin/pool-monitor", str(program_there))

    def faults(text: str) -> list[str]:
        unit.write_text(text)
        done = subprocess.run([analyze, "verify", "--man=no", unit], capture_output=True, text=True, check=False)
        # The machine's other units have faults of their own.
        return [line for line in done.stderr.splitlines() if "pool-monitor" in line]

    assert faults(text) == []
    assert "NoSuchSetting" in faults(text.replace("[Service]", "[Service]\nNoSuchSetting=yes"))[0]


def test_the_unit_is_as_tight_as_the_guide_says(analyze: Path) -> None:
    said = float(re.findall(r"exposure level of (\d\.\d)", GUIDE)[0])

    done = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", f"--threshold={said * 10:.0f}", UNIT],
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stdout


def test_the_manager_hears_when_it_serves_how_it_goes_and_when_it_stops(
    bitcoind: Bitcoind, manager: tuple[socket.socket, dict[str, str]], scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener, variables = manager
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    mine(bitcoind, Recipe(tag=b"/AntPool/"))

    with Daemon(scratch / "daemon", node__url=bitcoind.url, node__cookie_file=bitcoind.cookie_file) as daemon:
        assert heard_until(listener, "READY=1") == ["READY=1"]
        assert daemon.ask("/healthz") == {"alive": True}
        assert "STATUS=block 1, the node's newest" in heard_until(listener, "STATUS=block 1, the node's newest")
        assert "WATCHDOG=1" in heard_until(listener, "WATCHDOG=1")

        daemon.signal(signal.SIGSTOP)
        listener.settimeout(0.6)
        with pytest.raises(TimeoutError):
            heard_until(listener, "never")  # a process that stands still says nothing: systemd would end it
        daemon.signal(signal.SIGCONT)
        listener.settimeout(60)
        assert "WATCHDOG=1" in heard_until(listener, "WATCHDOG=1")

        bitcoind.stop()
        assert any("waiting: " in line for line in heard_until(listener, "STATUS=block 1; waiting"))

        daemon.signal(signal.SIGTERM)
        assert "STOPPING=1" in heard_until(listener, "STOPPING=1")
        assert daemon.wait() == 0


def test_it_runs_where_no_memory_may_be_written_and_executed(scratch: Path) -> None:
    if ctypes.CDLL(None).prctl(DENY_WRITE_EXECUTE + 1, 0, 0, 0, 0) < 0:
        pytest.skip("this kernel cannot deny it")
    denied = (
        f"import ctypes, os, sys; assert ctypes.CDLL(None).prctl({DENY_WRITE_EXECUTE}, 1, 0, 0, 0) == 0; "
        "os.execv(sys.executable, [sys.executable, '-m', 'monitor', 'demo', '--seconds', '0.1', '--port', '0'])"
    )
    see_a_block([sys.executable, "-c", denied], scratch)


@pytest.fixture
def under(analyze: Path) -> Callable[[str], list[str]]:
    """The beginning of a command line under what a unit's lines refuse."""
    if os.uname().machine not in ARCHITECTURES:
        pytest.skip("the numbers of this machine's system calls are not known")
    return lambda unit: confined(unit, analyze)


@pytest.mark.parametrize(
    ("call", "allowed", "allowed_without_the_scheduler"),
    [
        ("os.nice(1)", True, False),
        ("os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))", True, False),
        ("os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))", False, False),
        ("os.sched_setaffinity(0, {0})", False, False),
        ("os.chown('.', -1, -1)", False, False),
        ("socket.socket(socket.AF_UNIX).close()", True, True),
        ("socket.socket(socket.AF_NETLINK)", False, False),
        ("mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE)", True, True),
        ("mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)", False, False),
        ("threading.Thread(target=int).start()", True, True),
        ("subprocess.run(['true'], check=True)", True, True),
    ],
)
def test_the_filter_refuses_what_the_unit_refuses(
    under: Callable[[str], list[str]], call: str, *, allowed: bool, allowed_without_the_scheduler: bool
) -> None:
    for unit, expected in ((UNIT.read_text("utf-8"), allowed), (WITHOUT_THE_SCHEDULER, allowed_without_the_scheduler)):
        code = f"import mmap, os, socket, subprocess, threading\n{call}"

        done = subprocess.run([*under(unit), sys.executable, "-c", code], capture_output=True, text=True, check=False)

        assert (done.returncode == 0) is expected, done.stderr
        assert expected or "Error: [Errno" in done.stderr


def test_under_the_units_filter_zmq_tells_of_blocks_and_the_past_is_fetched(
    start_bitcoind: Start, under: Callable[[str], list[str]], scratch: Path
) -> None:
    node = start_bitcoind(*without_long_poll(scratch))
    mine_all(node, [Recipe(tag=b"/AntPool/")] * 150)
    login: dict[str, Any] = {"node__user": "pool-monitor", "node__password_file": scratch / "password"}

    # The timer rings after the test has ended.
    with Daemon(
        scratch / "daemon", command=[*under(UNIT.read_text("utf-8")), *POOL_MONITOR], node__url=node.url,
        node__poll_seconds=600, windows="50b", store__history_from=0, **login,
    ) as daemon:  # fmt: skip
        daemon.wait_for(node.call("getbestblockhash"))
        wait_until(lambda: first_height(daemon) == 0, seconds=20, what="the past to be fetched")
        wait_until(lambda: told_of_a_block(node, daemon), seconds=20, what="ZMQ to tell of a block")
        for _ in range(3):
            assert told_of_a_block(node, daemon, seconds=20)

        assert daemon.events("connected to the node")[0]["notices_by"] == [node.zmq]
        assert daemon.events(NO_ZMQ) == daemon.events("backfill failed, retrying") == []
        assert len(daemon.events("history is complete")) == 1
        assert daemon.stop() == 0


def test_where_the_scheduler_is_refused_it_goes_on_without_zmq(
    bitcoind: Bitcoind, under: Callable[[str], list[str]], scratch: Path
) -> None:
    mine_all(bitcoind, [Recipe(tag=b"/AntPool/")] * 150)

    with Daemon(
        scratch / "daemon", command=[*under(WITHOUT_THE_SCHEDULER), *POOL_MONITOR], node__url=bitcoind.url,
        node__cookie_file=bitcoind.cookie_file, windows="50b", store__history_from=0,
    ) as daemon:  # fmt: skip
        daemon.wait_for(bitcoind.call("getbestblockhash"))
        for _ in range(3):
            daemon.wait_for(mine(bitcoind, Recipe(tag=b"/ViaBTC/")))
        wait_until(lambda: first_height(daemon) == 0, seconds=20, what="the past to be fetched")

        assert daemon.events("connected to the node")[0]["notices_by"] == "long poll and timer"
        assert daemon.events("backfill failed, retrying") == []
        (warning,) = daemon.events(NO_ZMQ)
        assert os.strerror(errno.EPERM) in warning["reason"]
        assert "SystemCallFilter=sched_setscheduler" in warning["remedy"]
        assert daemon.stop() == 0


def test_where_the_scheduler_is_refused_the_demo_runs(under: Callable[[str], list[str]], scratch: Path) -> None:
    demo = [*POOL_MONITOR, "demo", "--seconds", "0.1", "--port", "0"]
    see_a_block([*under(WITHOUT_THE_SCHEDULER), *demo], scratch)


@pytest.mark.usefixtures("under")
def test_no_library_asks_for_a_thread_for_each_core() -> None:
    """Where TasksMax= refuses them, OpenBLAS ends the process."""
    code = (
        "import sys; from monitor.__main__ import main; sys.argv = ['pool-monitor', '--version']\n"
        "try: main()\n"
        "except SystemExit: import numpy, scipy.special\n"
        "import os; print(len(os.listdir('/proc/self/task')))"
    )
    no_threads = of_rule(Rule("clone", 0, 0x10000, (0,), errno.EAGAIN)), of_rule(Rule("clone3", refusal=errno.ENOSYS))

    done = subprocess.run([*only(*no_threads), sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout.splitlines()[1:], done.stderr) == (0, ["1"], "")


def see_a_block(command: Sequence[str], folder: Path) -> None:
    """Run a demo until it logs a block."""
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=folder,
        env=environment(windows="24h"),
    )  # fmt: skip
    try:
        assert process.stderr
        lines = iter(process.stderr.readline, "")
        assert any('"event": "block"' in line for line in lines), "it ended without a block"
    finally:
        process.terminate()
        process.communicate()


def without_long_poll(scratch: Path) -> list[str]:
    """Arguments for a node with a user who may ask what the daemon asks, but not wait for a block."""
    rpcauth = CHECKOUT / "deploy" / "bitcoin" / "rpcauth.sh"
    subprocess.run(["sh", rpcauth, scratch / "password", scratch / "rpcauth.conf"], check=True)
    (user,) = re.findall(r"rpcauth=(.*)", (scratch / "rpcauth.conf").read_text())
    calls = ",".join(sorted(set(CALLS) - {"waitfornewblock"}))
    return [f"-rpcauth={user}", "-rpcwhitelistdefault=0", f"-rpcwhitelist=pool-monitor:{calls}"]


def told_of_a_block(node: Bitcoind, daemon: Daemon, *, seconds: float = 1) -> bool:
    """Whether the daemon shows a block that is mined while it rests. What is told before it listens is lost."""
    wait_until(lambda: rests(daemon), seconds=20, what="the daemon to rest")
    with suppress(AssertionError):
        daemon.wait_for(mine(node, Recipe(tag=b"/ViaBTC/")), seconds=seconds)
        return True
    return False


def rests(daemon: Daemon) -> bool:
    """Whether it asks the node nothing for a while: then nothing but a notice lets it see a block."""
    before = questions(daemon)
    time.sleep(0.5)
    return questions(daemon) == before


def questions(daemon: Daemon) -> list[str]:
    """How often it asked the node what."""
    return re.findall(r"^pool_monitor_node_rpc_seconds_count.*", daemon.text("/metrics"), re.MULTILINE)


def first_height(daemon: Daemon) -> int | None:
    """How far back what it has counted goes."""
    height: int | None = daemon.ask("/readyz")["first_height"]
    return height


def heard_until(listener: socket.socket, beginning: str) -> list[str]:
    """Everything that was said, up to a line that begins so."""
    lines: list[str] = []
    while not any(line.startswith(beginning) for line in lines):
        lines += listener.recv(4096).decode().split("\n")
    return lines
