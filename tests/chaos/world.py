"""Runs a plan: starts everything, lets it fail and recover, and asks whether all promises were kept."""

from __future__ import annotations

import asyncio
import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.alerting import OFTEN
from support.clock import Clock
from support.daemon import Daemon
from support.databases import ask
from support.disk import Disk
from support.hook import Hook
from support.link import Link
from support.mosquitto import Mosquitto
from support.postgresql import Postgresql
from support.services import PATIENCE, program

from chaos import promises
from chaos.nodes import CoreNode, EmbeddedNodes, Nodes
from chaos.parts import Broker, FileDisk, Jumping, Monitor, Part, Receiver, Route, Server
from chaos.plan import POOLS, SECONDS, Engine, Fault, Kind, Mined, Plan

_RECOVERY_SECONDS = 15.0
"""For everything to be well again, once nothing fails any more, on a quiet machine."""
_AFTERMATH_SECONDS = 8.0
"""After a fault for which a monitor may end, in which one that was paused, or started late, may still end for it."""
_TRACEBACK = 500
"""Characters of the end of a traceback."""
_SERVER_MEGABYTES, _FILE_MEGABYTES = 192, 8


@dataclass(slots=True)
class Outcome:
    """What a run has shown."""

    plan: Plan
    broken: list[str] = field(default_factory=list)
    """Promises that were not kept."""
    seconds: float = 0.0
    recovery: float = 0.0
    """Seconds until everything was well again after the last fault."""
    blocks: int = 0
    stale: int = 0
    alerts: int = 0
    restarts: int = 0
    """Monitors that their service manager started again."""
    longest_stop: float = 0.0
    """Seconds from SIGTERM to the end of a monitor, at most."""
    errors: list[str] = field(default_factory=list)
    """Errors that monitors logged."""
    logs: dict[str, str] = field(default_factory=dict)
    """All that they logged, by monitor."""


@contextmanager
def server(folder: Path) -> Iterator[Database]:
    """PostgreSQL on a disk of its own, for many runs."""
    with (
        Disk(folder / "disk", megabytes=_SERVER_MEGABYTES) as disk,
        Postgresql(disk.folder, "max_wal_size=32MB", "min_wal_size=32MB") as running,
    ):
        yield Database(running, disk)


@dataclass(frozen=True, slots=True)
class Database:
    """The server of `server`."""

    server: Postgresql
    disk: Disk


class World:
    """Everything that takes part in one run."""

    def __init__(self, plan: Plan, folder: Path, postgresql: Database | None) -> None:
        self.plan = plan
        self.outcome = Outcome(plan)
        self._folder = folder
        self._postgresql = postgresql
        self._parts: dict[str, Part] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        """One fault at a time of each target."""
        self._active: dict[Fault, float] = {}
        """Faults under way, and since when."""
        self._ended: list[tuple[Fault, float]] = []
        self.monitors: list[Monitor] = []

    async def run(self) -> Outcome:
        """All of it."""
        began = time.monotonic()
        async with AsyncExitStack() as there:
            await self._build(there)
            await self._baseline()
            async with asyncio.TaskGroup() as group:
                supervisors = [group.create_task(each.supervise()) for each in self.monitors]
                await self._happen()
                await self._recover()
                await self._judge(there)
                for task in supervisors:
                    task.cancel()
            for each in self.monitors:
                await each.close()
                self.outcome.broken += each.broken
                self.outcome.restarts += each.restarts
                self.outcome.longest_stop = max(each.longest_stop, self.outcome.longest_stop)
        self.outcome.seconds = time.monotonic() - began
        return self.outcome

    # -- before --------------------------------------------------------------------------------------------------------

    async def _build(self, there: AsyncExitStack) -> None:
        plan, folder = self.plan, self._folder
        if plan.core:
            self._nodes: Nodes = await there.enter_async_context(CoreNode(folder / "node"))
        else:
            self._nodes = await there.enter_async_context(EmbeddedNodes())
        self._hook = await there.enter_async_context(Hook())
        self._mosquitto = Mosquitto(program("mosquitto"), folder / "mosquitto")
        await asyncio.to_thread(self._mosquitto.start)
        there.callback(self._mosquitto.kill)
        to_hook = await there.enter_async_context(Link(self._hook.port))
        to_broker = await there.enter_async_context(Link(self._mosquitto.port))
        clock = Clock(folder / "clock")
        (folder / "alerts.toml").write_text(OFTEN)
        self._settings: dict[str, Any] = {
            "windows": "12b,50b", "alerts__rules_file": folder / "alerts.toml",
            "nodes": json.dumps([
                {**each, "poll_seconds": 1, "timeout_seconds": 2, "fallback_seconds": 1}
                for each in self._nodes.settings()
            ]),
        }  # fmt: skip
        outputs = {
            "alerts__webhook__url": f"http://127.0.0.1:{to_hook.port}",
            "alerts__webhook__secret": f"whsec_{'A' * 40}",
            "alerts__webhook__timeout_seconds": 1,
            "mqtt__url": f"mqtt://127.0.0.1:{to_broker.port}",
        }
        self._parts = {
            "node": self._nodes, "observer": self._nodes, "broker": Broker(self._mosquitto, to_broker),
            "webhook": Receiver(self._hook, to_hook), "clock": Jumping(clock),
        }  # fmt: skip
        urls = await self._databases(there)
        for name, url in urls.items():
            monitor = Monitor(
                folder / name, may_end=self._may_end, clock=clock.file, store__url=url, **self._settings, **outputs
            )
            there.callback(monitor.kill)
            self.monitors.append(monitor)
            self._parts[f"monitor {name}"] = monitor

    async def _databases(self, there: AsyncExitStack) -> dict[str, str]:
        """The URL of the database for each monitor."""
        if self.plan.engine is Engine.SQLITE:
            disk = there.enter_context(Disk(self._folder / "disk", megabytes=_FILE_MEGABYTES))
            self._parts["database"] = FileDisk(
                disk, lambda: [each.daemon.pid for each in self.monitors if each.daemon.runs]
            )
            self._url = f"sqlite:///{disk.folder / 'blocks.sqlite'}"
            return {"a": self._url}
        assert self._postgresql, "the plan needs PostgreSQL"
        running = self._postgresql.server
        self._url = there.enter_context(running.database())
        self._parts["database"] = Server(running, self._postgresql.disk)
        urls = {}
        for name in ("a", "b")[: 2 if self.plan.engine is Engine.PAIR else 1]:
            link = await there.enter_async_context(Link(running.port))
            self._parts[f"path {name}"] = Route(link)
            urls[name] = self._url.replace(f":{running.port}/", f":{link.port}/")
        return urls

    async def _baseline(self) -> None:
        """Everything runs, and the store keeps what it would forget."""
        chain = await self._nodes.best_chain()
        for each in self.monitors:
            await each.start()
            await self._shown(each.daemon, chain[-1])
        await asyncio.to_thread(
            ask, self._url, "INSERT INTO receivers (name, done) VALUES (:name, 0)", name=promises.WITNESS
        )
        await self._until(self._all_receivers_registered, "the receivers to be registered")

    def _all_receivers_registered(self) -> bool:
        return len(ask(self._url, "SELECT name FROM receivers")) == 3

    # -- meanwhile -----------------------------------------------------------------------------------------------------

    async def _happen(self) -> None:
        """Carry out the plan; a fault that takes longer than planned delays none of another target."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._mine())
            for fault in self.plan.faults:
                group.create_task(self._fail(fault))

    async def _mine(self) -> None:
        began = time.monotonic()
        for each in self.plan.blocks:
            await asyncio.sleep(began + each.at - time.monotonic())
            await self._nodes.step(each)

    async def _fail(self, fault: Fault) -> None:
        part = self._parts[fault.target]
        await asyncio.sleep(fault.at)
        async with self._turns[fault.target]:  # on a busy machine the one before may take longer than planned
            self._active[fault] = time.monotonic()
            try:
                await part.begin(fault)
                await asyncio.sleep(fault.seconds)
            finally:
                await part.end(fault)
                del self._active[fault]
                self._ended.append((fault, time.monotonic()))

    def _may_end(self) -> bool:
        """Whether a monitor may end with exit status 1: the disk is full, or the server is not there at its start."""
        now = time.monotonic()
        recent = [*self._active, *(fault for fault, at in self._ended if now - at < _AFTERMATH_SECONDS * PATIENCE)]
        return any(each.kind is Kind.FULL or each.target.startswith(("database", "path")) for each in recent)

    # -- afterwards ----------------------------------------------------------------------------------------------------

    async def _recover(self) -> None:
        """Two more blocks, and everything is well again."""
        began = time.monotonic()
        for number in range(2):
            await self._nodes.step(Mined(SECONDS, POOLS[number], 0, invalid=False, seconds=600))
        tip = (await self._nodes.best_chain())[-1]
        for each in self.monitors:
            await self._shown(each.daemon, tip)
        await self._until(lambda: promises.acknowledged(self._url), "the alerts to be delivered")
        self.outcome.recovery = time.monotonic() - began

    async def _judge(self, there: AsyncExitStack) -> None:
        outcome = self.outcome
        chain = await self._nodes.best_chain()
        fresh = there.enter_context(_closed(Daemon(self._folder / "fresh", **self._settings)))
        await asyncio.to_thread(fresh.launch)
        await self._shown(fresh, chain[-1])
        for each in self.monitors:
            broken = await asyncio.to_thread(self._settled, lambda: [*promises.counts(each.daemon, fresh)])  # noqa: B023
            outcome.broken += broken
        writers = [each.daemon.ask("/api/v1/status")["writer"] for each in self.monitors]
        if writers.count(True) != 1:
            outcome.broken.append(f"{writers.count(True)} monitors write")
        outcome.broken += await asyncio.to_thread(lambda: [*promises.history(self._url, chain, self._nodes.mined)])
        firing = await asyncio.to_thread(promises.fires, fresh)
        await self._until(lambda: promises.acknowledged(self._url), "the alerts to be delivered")
        outcome.broken += await asyncio.to_thread(lambda: [*promises.alerts(self._url, self._hook.taken, firing)])
        outcome.broken += await self._retained(chain[-1])
        ((outcome.blocks, outcome.stale),) = ask(
            self._url, "SELECT count(*), sum(CASE WHEN stale THEN 1 ELSE 0 END) FROM blocks"
        )
        outcome.alerts = len({each.document["data"]["number"] for each in self._hook.taken})

    async def _retained(self, tip: str) -> list[str]:
        """What a new client of the broker is told, once it has what is to come."""
        broken: list[str] = []
        deadline = time.monotonic() + 10 * PATIENCE
        while time.monotonic() < deadline:
            async with self._mosquitto.reader("pool-monitor/tip") as heard:
                await asyncio.sleep(0.2)
                if not (broken := [*promises.broker(heard, tip)]):
                    break
        return broken

    @staticmethod
    def _settled(look: Callable[[], list[str]]) -> list[str]:
        """What is found in the end: estimates and alerts follow a moment after a block."""
        deadline = time.monotonic() + 10 * PATIENCE
        while (found := look()) and time.monotonic() < deadline:
            time.sleep(0.2)
        return found

    async def _shown(self, daemon: Daemon, tip: str) -> None:
        """Wait until a monitor shows a block as the newest; the error says what it does instead."""
        try:
            await self._until(lambda: self._shows(daemon, tip), f"{daemon.folder.name} to show {tip}")
        except AssertionError as error:
            raise AssertionError(f"{error}; {await asyncio.to_thread(daemon.examine)}") from None

    @staticmethod
    def _shows(daemon: Daemon, tip: str) -> bool:
        with suppress(OSError, ValueError, IndexError, KeyError, TypeError):
            status = daemon.ask("/api/v1/status")
            return bool(status["ready"] and status["tip"]["hash"] == tip)
        return False

    @staticmethod
    async def _until(ready: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + _RECOVERY_SECONDS * PATIENCE
        while not await asyncio.to_thread(ready):
            if time.monotonic() > deadline:
                raise AssertionError(f"waited {_RECOVERY_SECONDS * PATIENCE:g} s in vain for {what}")
            await asyncio.sleep(0.05)


@contextmanager
def _closed(daemon: Daemon) -> Iterator[Daemon]:
    try:
        yield daemon
    finally:
        daemon.close()


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors of a group, or the error itself."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _leaves(each)
    else:
        yield error


def _errors(log: str) -> list[str]:
    """Lines of the level error or worse, each with the end of its traceback."""
    found = [json.loads(line) for line in log.splitlines() if line.startswith("{") and line.endswith("}")]
    return [
        f"{each['event']}: {each.get('output', '')} {each.get('reason', '')} {each.get('exception', '')[-_TRACEBACK:]}"
        for each in found
        if each.get("level") in {"error", "critical"}
    ]


async def run(plan: Plan, folder: Path, postgresql: Database | None) -> Outcome:
    """Run a plan.

    Args:
        plan: what happens.
        folder: for files; it is empty.
        postgresql: the server, if the plan needs one.
    """
    world = World(plan, folder, postgresql)
    try:
        return await world.run()
    except (AssertionError, OSError, ExceptionGroup) as error:
        world.outcome.broken += [f"{type(each).__name__}: {each}" for each in _leaves(error)]
        for each in world.monitors:
            world.outcome.broken += each.broken
        return world.outcome
    finally:
        for each in world.monitors:
            name = each.daemon.folder.name
            world.outcome.logs[name] = each.log
            world.outcome.errors += _errors(each.log)
