"""Changes of alerts in memory, as the store keeps them on disk; alerts to put there, and their delivery."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from monitor.alerts.delivery.worker import deliver
from monitor.hub import Hub
from monitor.model import Alert, AlertState, Dispatch, Severity
from monitor.outputs.receiver import Receiver
from monitor.vitals import Vitals
from support.hook import until

T0 = 1_750_000_000.0


def alert(rule: str = "majority", *, firing: bool = True, **changed: Any) -> Alert:  # noqa: ANN401 -- an alert's values
    """An alert that fires since `T0`, or was resolved a minute later."""
    known: dict[str, Any] = {
        "rule": rule,
        "severity": Severity.CRITICAL,
        "state": AlertState.FIRING if firing else AlertState.RESOLVED,
        "since": T0 if firing else T0 + 60,
        "summary": "AntPool has more than half of the blocks",
        "explanation": "53.1 % (49.2 % to 57.0 %) of the last 144 blocks.",
        "labels": {"entity": "antpool", "window": "24h"},
        "value": 0.531,
        "started": T0,
        "height": 840_000,
    }
    return Alert(**known | changed)


class FakeOutbox:
    """The stored queue, and the hub that hears of it."""

    def __init__(self, hub: Hub) -> None:
        self.changes: list[Dispatch] = []
        self.acknowledged: dict[str, int] = {}
        """By receiver, the number up to which it has everything."""
        self._hub = hub

    def note(self, *changed: Alert, standing: Sequence[Alert] | None = None) -> None:
        """States have changed: remember it, then tell the hub."""
        for each in changed:
            self.changes.append(Dispatch(len(self.changes) + 1, each))
        stands = {each.key: each for each in (*self._hub.alerts, *changed)}
        self._hub.alert(tuple(stands.values()) if standing is None else standing, changed)

    def is_done(self, receiver: str) -> bool:
        """Whether this receiver has everything."""
        return self.acknowledged.get(receiver) == len(self.changes)

    async def register(self, receiver: str) -> None:
        self.acknowledged.setdefault(receiver, len(self.changes))

    async def claim(self, receiver: str, limit: int) -> list[Dispatch]:
        done = self.acknowledged[receiver]
        return self.changes[done : done + limit]

    async def acknowledge(self, receiver: str, number: int) -> None:
        assert number >= self.acknowledged[receiver]
        self.acknowledged[receiver] = number


class Post:
    """Running deliveries."""

    def __init__(self) -> None:
        self.vitals = Vitals()
        self.hub = Hub(self.vitals)
        self.outbox = FakeOutbox(self.hub)

    @asynccontextmanager
    async def working(self, *receivers: Receiver) -> AsyncIterator[None]:
        """Deliver to these, and begin when all have joined."""
        task = asyncio.create_task(
            deliver(receivers, self.outbox, hub=self.hub, vitals=self.vitals, pause=lambda _state: 0.01)
        )
        await until(lambda: {each.name for each in receivers} <= {*self.outbox.acknowledged}, what="all to have joined")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def count(self, kind: str) -> float:
        """How many errors there were of a kind."""
        return self.vitals.registry.get_sample_value("pool_monitor_errors_total", {"kind": kind}) or 0.0
