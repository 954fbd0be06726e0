"""What else fails: the database and the way to it, the disk, the broker, the receiver, the clock, the monitors."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from support.clock import Clock
from support.daemon import Daemon
from support.disk import Disk
from support.hook import Hook
from support.link import Link
from support.mosquitto import Mosquitto
from support.postgresql import Postgresql
from support.processes import family, pause, resume
from support.services import PATIENCE

from chaos import nodes
from chaos.plan import Fault, Kind
from monitor.process_signals import STOP_SECONDS

_RESTART_SECONDS = 0.3
"""Until a service manager starts a monitor again."""


class Part(Protocol):
    """Something that fails for a while."""

    async def begin(self, fault: Fault) -> None:
        """The fault begins."""

    async def end(self, fault: Fault) -> None:
        """It is over."""


class Server:
    """PostgreSQL, and the disk of its data."""

    def __init__(self, server: Postgresql, disk: Disk) -> None:
        self._server = server
        self._disk = disk

    async def begin(self, fault: Fault) -> None:
        """See `Part`."""
        if fault.kind is Kind.KILL:
            await asyncio.to_thread(self._server.kill)
        elif fault.kind is Kind.PAUSE:
            pause(self._server.pid)
        elif self._disk.is_mounted:
            self._disk.fill(())

    async def end(self, fault: Fault) -> None:
        """See `Part`: a server that did not survive a full disk is started again."""
        if fault.kind is Kind.PAUSE:
            resume(self._server.pid)
        if fault.kind is Kind.FULL:
            self._disk.clear()
        if not self._server.runs:
            await asyncio.to_thread(self._server.start)


class FileDisk:
    """The disk with the file of SQLite."""

    def __init__(self, disk: Disk, processes: Callable[[], list[int]]) -> None:
        self._disk = disk
        self._processes = processes

    async def begin(self, fault: Fault) -> None:  # noqa: ARG002 -- there is one kind
        """See `Part`."""
        self._disk.fill(self._processes())

    async def end(self, fault: Fault) -> None:  # noqa: ARG002
        """See `Part`."""
        self._disk.clear()


class Route:
    """The network between a monitor and a server."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def begin(self, fault: Fault) -> None:
        """See `Part`."""
        assert nodes.begin(fault, self._link), fault

    async def end(self, fault: Fault) -> None:  # noqa: ARG002
        """See `Part`."""
        self._link.mend()


class Broker:
    """Mosquitto, and the network to it."""

    def __init__(self, broker: Mosquitto, link: Link) -> None:
        self._broker = broker
        self._link = link

    async def begin(self, fault: Fault) -> None:
        """See `Part`."""
        if fault.kind is Kind.KILL:
            await asyncio.to_thread(self._broker.kill)
        elif fault.kind is Kind.PAUSE:
            pause(self._broker.pid)
        else:
            assert nodes.begin(fault, self._link), fault

    async def end(self, fault: Fault) -> None:
        """See `Part`."""
        if fault.kind is Kind.KILL:
            await asyncio.to_thread(self._broker.start)
        elif fault.kind is Kind.PAUSE:
            resume(self._broker.pid)
        self._link.mend()


class Receiver:
    """A webhook, and the network to it."""

    def __init__(self, hook: Hook, link: Link) -> None:
        self._hook = hook
        self._link = link

    async def begin(self, fault: Fault) -> None:
        """See `Part`."""
        if fault.kind is Kind.KILL:
            await self._hook.stop()
        elif fault.kind is Kind.CUT:
            self._link.cut()
        elif fault.kind is Kind.SLOW:
            self._hook.late = 3 * fault.amount
        else:
            self._hook.status = {Kind.FAIL: 500, Kind.PAUSE: 0}[fault.kind]

    async def end(self, fault: Fault) -> None:  # noqa: ARG002
        """See `Part`."""
        self._link.mend()
        self._hook.status, self._hook.late = 200, 0.0
        if not self._hook.listens:
            await self._hook.start()


class Jumping:
    """The clock of the monitors' machine."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def begin(self, fault: Fault) -> None:
        """See `Part`."""
        self._clock.set(fault.amount)

    async def end(self, fault: Fault) -> None:  # noqa: ARG002
        """See `Part`."""
        self._clock.set(0.0)


class Monitor:
    """A monitor and its service manager, which starts it again when it ends by itself."""

    def __init__(self, folder: Path, *, may_end: Callable[[], bool], **settings: Any) -> None:  # noqa: ANN401
        """Make its folder.

        Args:
            folder: of its log.
            may_end: whether something is wrong for which a monitor may end with exit status 1.
            settings: of the daemon.
        """
        self.daemon = Daemon(folder, **settings)
        self.broken: list[str] = []
        """What it did that it never may."""
        self.longest_stop = 0.0
        """Seconds from SIGTERM to the end."""
        self.restarts = 0
        self._may_end = may_end
        self._wanted = False
        self._logs = ""
        self._busy = asyncio.Lock()

    async def start(self) -> None:
        """Start, without waiting."""
        self._keep_log()
        await asyncio.to_thread(self.daemon.launch)
        self._wanted = True

    def _keep_log(self) -> None:
        """Before a start, which begins another one."""
        self._logs += self.daemon.whole_log

    @property
    def log(self) -> str:
        """Everything that it logged."""
        return self._logs + self.daemon.whole_log

    async def supervise(self) -> None:
        """Start it again whenever it ends by itself, for ever."""
        while True:
            await asyncio.sleep(0.05)
            async with self._busy:
                if not self._wanted or self.daemon.runs:
                    continue
                status = self.daemon.wait()
                if status != 1 or not self._may_end():
                    self.broken.append(f"ended by itself with exit status {status}: {self.daemon.log[-1500:]}")
                self.restarts += 1
                await asyncio.sleep(_RESTART_SECONDS)
                await self.start()

    async def begin(self, fault: Fault) -> None:
        """See `Part`."""
        if fault.kind is Kind.PAUSE:
            self.daemon.signal(signal.SIGSTOP)
            return
        async with self._busy:
            self._wanted = False
            if not self.daemon.runs:
                return  # it was about to be started again
            if fault.kind is Kind.KILL:
                await asyncio.to_thread(self.daemon.kill)
            else:
                await self._stop()

    async def _stop(self) -> None:
        began = time.monotonic()
        try:
            status: int | None = await asyncio.to_thread(self.daemon.stop)
        except subprocess.TimeoutExpired:
            status = None
        took = time.monotonic() - began
        self.longest_stop = max(took, self.longest_stop)
        # It may have been about to end by itself, or so young that it does not handle signals yet.
        excused = (status == 1 and self._may_end()) or (status == -signal.SIGTERM and not self.daemon.whole_log)
        if status != 0 and not excused:
            self.broken.append(f"exit status {status} after SIGTERM: {self.daemon.log[-1500:]}")
        if took > STOP_SECONDS + PATIENCE:
            self.broken.append(f"took {took:.1f} s to stop")

    async def end(self, fault: Fault) -> None:
        """See `Part`."""
        if fault.kind is Kind.PAUSE:
            self.daemon.signal(signal.SIGCONT)
            return
        async with self._busy:
            if not self.daemon.runs:
                await self.start()

    async def close(self) -> None:
        """End it for good, as asked to."""
        async with self._busy:
            self._wanted = False
            if self.daemon.runs:
                await self._stop()

    def kill(self) -> None:
        """End it without asking, whatever it does."""
        if self.daemon.runs:
            for each in family(self.daemon.pid):
                os.kill(each, signal.SIGKILL)
