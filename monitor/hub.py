"""Passes block events, snapshots, alerts and the view of all nodes from the pipeline to the outputs.

Publishing never waits. Each listener has a bounded queue. A listener that falls behind loses the oldest items, which
are counted; the next snapshot that it receives is complete all the same.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Generic, TypeAlias, TypeVar

from monitor.model import (
    Alert,
    AuditView,
    BlockEvents,
    BuildersView,
    EconomyView,
    NodesView,
    Snapshot,
    StratumView,
)
from monitor.vitals import Vitals

News: TypeAlias = BlockEvents | Snapshot
"""In one queue, so that a listener receives block events before the snapshot that counts them."""

_T = TypeVar("_T")


class Hub:
    """The newest snapshot and the current alerts, and a queue of news for each listener."""

    def __init__(self, vitals: Vitals) -> None:
        self.snapshot: Snapshot | None = None
        """None until the first one is published."""
        self.alerts: tuple[Alert, ...] = ()
        """Those that are pending or firing, and those that were resolved recently."""
        self.nodes: NodesView | None = None
        """All nodes and branches; None until the first look at them."""
        self.economy: EconomyView | None = None
        """Both economies; None until they are compared first."""
        self.audit: AuditView | None = None
        """The state of the audit, and what it has found; None before it began."""
        self.builders: BuildersView | None = None
        """Which pools build templates together, and who holds their rewards; None before that was computed."""
        self.stratum: StratumView | None = None
        """The state of the stratum watch, and what it has found; None before it began."""
        self.self_check: Mapping[str, int] = {}
        """How much the last self-check of each kind has found; without those that were not done yet."""
        self._listeners: set[Listener[News]] = set()
        self._alert_listeners: set[Listener[Alert]] = set()
        self._node_listeners: set[Listener[NodesView]] = set()
        self._vitals = vitals

    def announce(self, events: BlockEvents) -> None:
        """Send block events to all listeners. The blocks must be stored already."""
        self._send(self._listeners, events)

    def publish(self, snapshot: Snapshot) -> None:
        """Replace the newest snapshot, and send it to all listeners. Its blocks must be stored already."""
        self.snapshot = snapshot
        self._send(self._listeners, snapshot)

    async def wait_until_caught_up(self, seconds: float) -> None:
        """Return once there is a snapshot of the node's newest block, or after so many seconds."""
        with self.listen("start") as news, suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.snapshot is None or not self.snapshot.caught_up:
                    await news.get()

    def alert(self, standing: Sequence[Alert], changed: Sequence[Alert]) -> None:
        """Replace the current alerts, and send those that changed state. The change must be stored already."""
        self.alerts = tuple(standing)
        for each in changed:
            self._send(self._alert_listeners, each)

    def show_nodes(self, view: NodesView) -> None:
        """Replace the view of all nodes, and send it if nodes or branches have changed."""
        changed = self.nodes is None or view.outline != self.nodes.outline
        self.nodes = view
        if changed:
            self._send(self._node_listeners, view)

    def show_economy(self, view: EconomyView) -> None:
        """Replace the comparison of both economies. It changes once a day, so nothing waits for it."""
        self.economy = view

    def show_audit(self, view: AuditView) -> None:
        """Replace the state of the audit. What it counts must be stored already."""
        self.audit = view

    def show_builders(self, view: BuildersView) -> None:
        """Replace what is known of template builders and custody. What it rests on must be stored already."""
        self.builders = view

    def show_stratum(self, view: StratumView) -> None:
        """Replace the state of the stratum watch."""
        self.stratum = view

    def show_self_check(self, findings: Mapping[str, int]) -> None:
        """Replace how much the self-checks have found."""
        self.self_check = findings

    def listen(self, name: str, *, limit: int = 100) -> AbstractContextManager[Listener[News]]:
        """Receive block events and snapshots from now on; at most `limit` of them wait to be read."""
        return _registered(self._listeners, name, limit)

    def listen_to_alerts(self, name: str) -> AbstractContextManager[Listener[Alert]]:
        """Receive alerts that change state from now on; at most 1,000 of them wait to be read."""
        return _registered(self._alert_listeners, name, 1000)

    def listen_to_nodes(self, name: str) -> AbstractContextManager[Listener[NodesView]]:
        """Receive the view of all nodes whenever it changes from now on; at most 100 of them wait to be read."""
        return _registered(self._node_listeners, name, 100)

    def _send(self, listeners: set[Listener[_T]], news: _T) -> None:
        for listener in listeners:
            if listener.put(news):
                self._vitals.output_dropped.labels(listener.name).inc()


@contextmanager
def _registered(listeners: set[Listener[_T]], name: str, limit: int) -> Iterator[Listener[_T]]:
    if limit < 1:
        raise ValueError("the limit of a listener must be at least 1: asyncio takes 0 for an unbounded queue")
    listener: Listener[_T] = Listener(name, limit)
    listeners.add(listener)
    try:
        yield listener
    finally:
        listeners.discard(listener)


class Listener(Generic[_T]):
    """An asynchronous iterator over news, oldest first."""

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self._queue: asyncio.Queue[_T] = asyncio.Queue(limit)

    def put(self, news: _T) -> bool:
        """Append news; return whether the oldest was dropped to make room."""
        full = self._queue.full()
        if full:
            self._queue.get_nowait()
        self._queue.put_nowait(news)
        return full

    async def get(self) -> _T:
        """Wait for the next item."""
        return await self._queue.get()

    def get_nowait(self) -> _T | None:
        """The next item, or None if none is waiting."""
        return None if self._queue.empty() else self._queue.get_nowait()

    async def __aiter__(self) -> AsyncIterator[_T]:
        while True:
            yield await self._queue.get()
