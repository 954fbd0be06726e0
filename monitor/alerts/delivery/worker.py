"""Delivery workers: one per receiver, so that a slow receiver delays neither the others nor a block.

The stored queue (outbox) records what each receiver has acknowledged. A worker reads the pending changes and sends them
until the receiver acknowledges them: at least once, in order, across restarts.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NoReturn, Protocol, TypeAlias

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from monitor.errors import ReceiverAway, ReceiverRefused
from monitor.hub import Hub
from monitor.model import Dispatch
from monitor.outages import Outage
from monitor.outputs.receiver import Receiver
from monitor.outputs.supervised import supervised
from monitor.vitals import Vitals

_PAUSE = wait_random_exponential(multiplier=1, max=60)
"""Before a retry: random, exponential, at most 60 seconds."""
_LONGEST_PAUSE = 600.0
"""Maximum pause that a receiver can ask for (Retry-After)."""
_REFUSALS_SECONDS = 900.0
"""A rejected change is retried for this long, so that the receiver can be corrected meanwhile."""
_POLL_SECONDS = 60.0
"""Interval at which the outbox is read without a wake-up."""

Pause: TypeAlias = Callable[[RetryCallState], float]

log = structlog.get_logger()


class Outbox(Protocol):
    """The stored queue of changes, with a position for each receiver."""

    async def register(self, receiver: str) -> None:
        """Add a receiver; a new one gets the changes from now on."""

    async def claim(self, receiver: str, limit: int) -> list[Dispatch]:
        """Changes that this receiver has not acknowledged, oldest first, for the one monitor that may deliver them."""

    async def acknowledge(self, receiver: str, number: int) -> None:
        """Record that the receiver has acknowledged all changes up to this one."""


async def deliver(
    receivers: Sequence[Receiver], outbox: Outbox, *, hub: Hub, vitals: Vitals, pause: Pause = _PAUSE
) -> NoReturn:
    """Run a worker for each receiver for ever, and wake them when an alert changes."""
    workers = [DeliveryWorker(each, outbox, hub=hub, vitals=vitals, pause=pause) for each in receivers]
    async with asyncio.TaskGroup() as group:
        for worker in workers:
            group.create_task(supervised(worker.name, worker.run, vitals))
        with hub.listen_to_alerts("delivery") as changes:
            async for _ in changes:
                for worker in workers:
                    worker.wake()
    raise AssertionError("unreachable")


class DeliveryWorker:
    """Delivers to one receiver."""

    def __init__(self, receiver: Receiver, outbox: Outbox, *, hub: Hub, vitals: Vitals, pause: Pause) -> None:
        self.name = receiver.name
        self._receiver = receiver
        self._outbox = outbox
        self._hub = hub
        self._vitals = vitals
        self._pause = pause
        self._wakeup = asyncio.Event()
        self._repeated_at = time.monotonic()
        self._outage = Outage()
        self._rejecting_since: float | None = None
        """Monotonic time of the first of consecutive rejections."""

    def wake(self) -> None:
        """Read the outbox now."""
        self._wakeup.set()

    async def run(self) -> NoReturn:
        """Deliver for ever."""
        await self._outbox.register(self.name)
        try:
            while True:
                await self._next()
        finally:
            await self._receiver.close()

    async def _next(self) -> None:
        """Deliver the pending changes, or wait for one."""
        self._wakeup.clear()
        if changes := await self._outbox.claim(self.name, self._receiver.batch):
            if not await self._retry(lambda: self._receiver.deliver(changes)):
                self._give_up(changes)
            await self._outbox.acknowledge(self.name, changes[-1].number)
            return
        every = self._receiver.repeat_seconds or math.inf
        with suppress(TimeoutError):
            async with asyncio.timeout(min(_POLL_SECONDS, self._repeated_at + every - time.monotonic())):
                await self._wakeup.wait()
        if time.monotonic() - self._repeated_at >= every:
            self._repeated_at = time.monotonic()
            await self._repeat()

    async def _repeat(self) -> None:
        """Send the current alerts again, without retries, which would delay new changes."""
        try:
            await self._try(lambda: self._receiver.repeat(self._hub.alerts))
        except (ReceiverAway, ReceiverRefused) as error:
            self._failed(error)
        else:
            self._recovered()

    async def _retry(self, send: Callable[[], Awaitable[object]]) -> bool:
        """Send until accepted; False after too many rejections."""
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception(self._is_retryable),
                wait=self._wait,
                before_sleep=lambda state: self._failed(_error_of(state)),
                reraise=True,
            ):
                with attempt:
                    await self._try(send)
        except ReceiverRefused as error:
            self._failed(error)
            return False
        self._recovered()
        return True

    async def _try(self, send: Callable[[], Awaitable[object]]) -> None:
        try:
            async with asyncio.timeout(self._receiver.timeout):
                await send()
        except TimeoutError:
            raise ReceiverAway(f"no answer within {self._receiver.timeout:g} seconds") from None
        except OSError as error:
            raise ReceiverAway(str(error)) from None

    def _is_retryable(self, error: BaseException) -> bool:
        if isinstance(error, ReceiverRefused):
            self._rejecting_since = self._rejecting_since or time.monotonic()
            return time.monotonic() - self._rejecting_since < _REFUSALS_SECONDS
        return isinstance(error, ReceiverAway)

    def _wait(self, state: RetryCallState) -> float:
        error = _error_of(state)
        requested = error.seconds if isinstance(error, ReceiverAway) else 0.0
        return max(self._pause(state), min(requested, _LONGEST_PAUSE))

    def _failed(self, error: BaseException | None) -> None:
        """Count a failure, and log it at most once a minute."""
        rejected = isinstance(error, ReceiverRefused)
        if rejected:
            self._vitals.errors.labels("receiver_refused").inc()
        else:
            self._vitals.errors.labels("receiver_away").inc()
        if (seconds := self._outage.failed()) is None:
            return
        if rejected:
            log.error("receiver rejects alerts", receiver=self.name, reason=str(error), seconds=seconds)
        else:
            log.warning("waiting for receiver", receiver=self.name, reason=str(error), seconds=seconds)

    def _give_up(self, changes: Sequence[Dispatch]) -> None:
        for change in changes:
            self._vitals.output_dropped.labels(self.name).inc()
            log.error(
                "alert dropped after rejections", receiver=self.name, number=change.number,
                alert=change.alert.key, state=change.alert.state, summary=change.alert.summary,
            )  # fmt: skip

    def _recovered(self) -> None:
        self._rejecting_since = None
        if (seconds := self._outage.recovered()) is not None:
            log.info("receiver accepts alerts again", receiver=self.name, seconds=seconds)


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
