"""The unit for systemd, and the daemon under what it demands."""

from __future__ import annotations

import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.bitcoind import Bitcoind
from support.blocks import Recipe, mine
from support.daemon import Daemon
from support.services import CHECKOUT, program

UNIT = CHECKOUT / "deploy" / "systemd" / "pool-monitor.service"
GUIDE = (CHECKOUT / "docs" / "how-to" / "debian.md").read_text("utf-8")
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
        listener.settimeout(20)
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
        listener.settimeout(20)
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
    process = subprocess.Popen(
        [sys.executable, "-c", denied], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, cwd=scratch
    )
    try:
        assert process.stderr
        lines = iter(process.stderr.readline, "")
        assert any('"event": "block"' in line for line in lines), "it ended without a block"
    finally:
        process.terminate()
        process.communicate(timeout=20)


def heard_until(listener: socket.socket, beginning: str) -> list[str]:
    """Everything that was said, up to a line that begins so."""
    lines: list[str] = []
    while not any(line.startswith(beginning) for line in lines):
        lines += listener.recv(4096).decode().split("\n")
    return lines
