"""What a service manager hears, on a real socket."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from monitor.service_manager import ServiceManager


@pytest.fixture
def address(scratch: Path) -> Path:
    return scratch / "notify"


@pytest.fixture
def manager(address: Path) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(str(address))
        listener.settimeout(60)
        yield listener


def heard(manager: socket.socket) -> str:
    return manager.recv(4096).decode()


def nothing_more(manager: socket.socket) -> bool:
    manager.settimeout(0)
    try:
        return not manager.recv(4096)
    except BlockingIOError:
        return True


def test_it_hears_that_we_are_up_and_that_we_stop(manager: socket.socket, address: Path) -> None:
    ours = ServiceManager({"NOTIFY_SOCKET": str(address)})

    ours.ready()
    ours.stopping()

    assert heard(manager) == "READY=1"
    assert heard(manager) == "STOPPING=1\nSTATUS=stopping"


def test_an_abstract_socket_is_a_socket(scratch: Path) -> None:
    name = str(scratch).replace("/", "-")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(f"\0{name}")
        listener.settimeout(60)

        ServiceManager({"NOTIFY_SOCKET": f"@{name}"}).ready()

        assert heard(listener) == "READY=1"


async def test_the_status_is_told_when_it_changes_and_life_all_the_time(manager: socket.socket, address: Path) -> None:
    ours = ServiceManager({"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "30000", "WATCHDOG_PID": str(os.getpid())})
    status = "catching up"
    task = asyncio.create_task(ours.keep_informed(lambda: status))
    await asyncio.sleep(0.025)
    status = "there"
    await asyncio.sleep(0.025)
    task.cancel()

    lines = [heard(manager) for _ in range(4)]

    assert lines[0] == "STATUS=catching up\nWATCHDOG=1"
    assert lines[1] == "WATCHDOG=1"
    assert "STATUS=there\nWATCHDOG=1" in lines


@pytest.mark.parametrize("watchdog", [{}, {"WATCHDOG_USEC": "30000", "WATCHDOG_PID": "1"}, {"WATCHDOG_USEC": "soon"}])
async def test_without_a_watchdog_of_ours_there_is_no_sign_of_life(
    manager: socket.socket, address: Path, watchdog: dict[str, str]
) -> None:
    task = asyncio.create_task(ServiceManager({"NOTIFY_SOCKET": str(address)} | watchdog).keep_informed(lambda: "up"))
    await asyncio.sleep(0.05)
    task.cancel()

    assert heard(manager) == "STATUS=up"
    assert nothing_more(manager)


async def test_a_loop_that_stands_still_gives_no_sign_of_life(manager: socket.socket, address: Path) -> None:
    ours = ServiceManager({"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "30000"})
    task = asyncio.create_task(ours.keep_informed(lambda: "up"))
    await asyncio.sleep(0)
    assert "WATCHDOG=1" in heard(manager)

    asyncio.get_running_loop().call_soon(manager.settimeout, 0.1)
    await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        heard(manager)  # this call is what the loop stands still for

    task.cancel()


@pytest.mark.parametrize("environment", [{}, {"NOTIFY_SOCKET": "/nowhere/at/all"}, {"NOTIFY_SOCKET": "vsock:2:1"}])
async def test_without_a_manager_that_listens_nothing_happens(environment: dict[str, str]) -> None:
    ours = ServiceManager({**environment, "WATCHDOG_USEC": "1000000"})

    ours.ready()
    task = asyncio.create_task(ours.keep_informed(lambda: "up"))
    await asyncio.sleep(0.01)
    assert not task.done()
    task.cancel()
    ours.stopping()


@pytest.mark.usefixtures("manager")
def test_a_manager_that_does_not_read_makes_nobody_wait(address: Path) -> None:
    ours = ServiceManager({"NOTIFY_SOCKET": str(address)})

    for _ in range(2000):  # the queue of a socket holds fewer
        ours.ready()


async def test_the_watchdog_hears_nothing_while_intake_stands_still(manager: socket.socket, address: Path) -> None:
    ours = ServiceManager({"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "30000", "WATCHDOG_PID": str(os.getpid())})
    asked = asyncio.Event()

    def moves() -> bool:
        asked.set()
        return False

    task = asyncio.create_task(ours.keep_informed(lambda: "stands still", moves=moves))
    await asked.wait()
    await asyncio.sleep(0.05)
    task.cancel()

    assert heard(manager) == "STATUS=stands still"
    assert nothing_more(manager)
