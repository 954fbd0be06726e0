"""Couriers: one for each receiver, so that one who hangs delays no other, and never a block.

The outbox on disk remembers what each receiver has acknowledged. A courier asks it for what is next, and tells the
receiver until that is taken: at least once, in order, across restarts.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import NoReturn, TypeAlias

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from monitor.alerts.ports import Outbox
from monitor.errors import ReceiverAway, ReceiverRefused
from monitor.hub import Hub
from monitor.model import Dispatch
from monitor.outputs.outages import Absence
from monitor.outputs.receiver import Receiver
from monitor.outputs.supervised import supervised
from monitor.vitals import Vitals

_PAUSE = wait_random_exponential(multiplier=1, max=60)
"""Before a receiver is told again, seconds: random up to twice as much each time. `Pause` is the shape of it."""
_LONGEST_PAUSE = 600.0
"""What a receiver may ask for."""
_REFUSALS_SECONDS = 900.0
"""For so long, what is refused is told again: somebody may be correcting the receiver."""
_LOOK_SECONDS = 60.0
"""The outbox is looked into this often, whoever rings or does not."""

Pause: TypeAlias = Callable[[RetryCallState], float]

log = structlog.get_logger()


class Couriers:
    """All couriers, and the bell that tells them of something new."""

    def __init__(
        self, receivers: Sequence[Receiver], outbox: Outbox, hub: Hub, vitals: Vitals, *, pause: Pause = _PAUSE
    ) -> None:
        self._couriers = [DeliveryWorker(each, outbox, hub, vitals, pause=pause) for each in receivers]
        self._hub = hub
        self._vitals = vitals

    async def run(self) -> NoReturn:
        """Deliver for ever."""
        async with asyncio.TaskGroup() as group:
            for courier in self._couriers:
                group.create_task(supervised(courier.name, courier.run, self._vitals))
            with self._hub.listen_to_alerts("couriers") as changes:
                async for _ in changes:
                    for courier in self._couriers:
                        courier.ring()
        raise AssertionError("nobody ends the changes")


class DeliveryWorker:
    """Tells one receiver."""

    def __init__(self, receiver: Receiver, outbox: Outbox, hub: Hub, vitals: Vitals, *, pause: Pause = _PAUSE) -> None:
        self.name = receiver.name
        self._receiver = receiver
        self._outbox = outbox
        self._hub = hub
        self._vitals = vitals
        self._pause = pause
        self._bell = asyncio.Event()
        self._repeated = time.monotonic()
        self._absence = Absence()
        self._refusing_since: float | None = None
        """Since when it has refused everything."""

    def ring(self) -> None:
        """There may be something new."""
        self._bell.set()

    async def run(self) -> NoReturn:
        """Deliver for ever."""
        await self._outbox.join(self.name)
        try:
            while True:
                await self._next()
        finally:
            await self._receiver.close()

    async def _next(self) -> None:
        """Deliver what waits; when nothing does, wait."""
        self._bell.clear()
        if changes := await self._outbox.waiting(self.name, self._receiver.batch):
            if not await self._persistently(lambda: self._receiver.deliver(changes)):
                self._give_up(changes)
            await self._outbox.done(self.name, changes[-1].number)
            return
        every = self._receiver.repeat_seconds or math.inf
        with suppress(TimeoutError):
            async with asyncio.timeout(min(_LOOK_SECONDS, self._repeated + every - time.monotonic())):
                await self._bell.wait()
        if time.monotonic() - self._repeated >= every:
            self._repeated = time.monotonic()
            await self._repeat()

    async def _repeat(self) -> None:
        """Say once how alerts stand. If that fails, changes that come do not wait for it: it is for the next time."""
        try:
            await self._once(lambda: self._receiver.repeat(self._hub.alerts))
        except (ReceiverAway, ReceiverRefused) as error:
            self._complain(error)
        else:
            self._relieved()

    async def _persistently(self, tell: Callable[[], Awaitable[object]]) -> bool:
        """Tell until it is taken; False when it was refused for too long."""
        try:
            async for attempt in AsyncRetrying(
                retry=retry_if_exception(self._worth_another_try),
                wait=self._wait,
                before_sleep=lambda state: self._complain(_error_of(state)),
                reraise=True,
            ):
                with attempt:
                    await self._once(tell)
        except ReceiverRefused as error:
            self._complain(error)
            return False
        self._relieved()
        return True

    async def _once(self, tell: Callable[[], Awaitable[object]]) -> None:
        try:
            async with asyncio.timeout(self._receiver.timeout):
                await tell()
        except TimeoutError:
            raise ReceiverAway(f"no answer within {self._receiver.timeout:g} seconds") from None
        except OSError as error:
            raise ReceiverAway(str(error)) from None

    def _worth_another_try(self, error: BaseException) -> bool:
        if isinstance(error, ReceiverRefused):
            self._refusing_since = self._refusing_since or time.monotonic()
            return time.monotonic() - self._refusing_since < _REFUSALS_SECONDS
        return isinstance(error, ReceiverAway)

    def _wait(self, state: RetryCallState) -> float:
        error = _error_of(state)
        asked = error.seconds if isinstance(error, ReceiverAway) else 0.0
        return max(self._pause(state), min(asked, _LONGEST_PAUSE))

    def _complain(self, error: BaseException | None) -> None:
        """Count a failure, and say so once a minute."""
        refused = isinstance(error, ReceiverRefused)
        if refused:
            self._vitals.errors.labels("receiver_refused").inc()
        else:
            self._vitals.errors.labels("receiver_away").inc()
        if (seconds := self._absence.goes_on()) is None:
            return
        if refused:
            log.error("a receiver refuses alerts", receiver=self.name, reason=str(error), seconds=seconds)
        else:
            log.warning("waiting for a receiver", receiver=self.name, reason=str(error), seconds=seconds)

    def _give_up(self, changes: Sequence[Dispatch]) -> None:
        for change in changes:
            self._vitals.output_dropped.labels(self.name).inc()
            log.error(
                "an alert was given up", receiver=self.name, number=change.number,
                alert=change.alert.key, state=change.alert.state, summary=change.alert.summary,
            )  # fmt: skip

    def _relieved(self) -> None:
        self._refusing_since = None
        if (seconds := self._absence.ends()) is not None:
            log.info("the receiver takes alerts again", receiver=self.name, seconds=seconds)


def _error_of(state: RetryCallState) -> BaseException | None:
    return state.outcome.exception() if state.outcome else None
