"""The watch: one connection to each endpoint, for ever, and the rounds that their jobs make.

It is supervised and never in the way: jobs are read on the event loop within the bounds of `connection`, a few dozen a
minute, and the callbacks do what takes longer on a thread.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, NoReturn, Protocol

import structlog

from monitor.config import StratumEndpoint, StratumSection
from monitor.errors import StratumError
from monitor.model import BlockHash, BlockRef, EndpointState, FaultReport, JobFault, StratumRound
from monitor.stratum.connection import Lines, Resolve, Resolver, connected
from monitor.stratum.rounds import KnownBlock, PoolNow, Rounds
from monitor.stratum.session import Session

_SHORTEST_PAUSE: Final = 5.0
_LONGEST_PAUSE: Final = 600.0
_STEADY_SECONDS: Final = 600.0
"""After a connection of this length the pause starts at its minimum again: one that ends sooner may be a refusal."""
_REMIND_SECONDS: Final = 3600.0
_SHOW_SECONDS: Final = 10.0
_STAGGER_SECONDS: Final = 0.25
"""Between the first connections."""

log = structlog.get_logger()


class ChainView(Protocol):
    """What our nodes know."""

    @property
    def known(self) -> Mapping[BlockHash, KnownBlock]:
        """The newest blocks of all branches."""

    @property
    def tip(self) -> BlockRef | None:
        """The newest counted block."""

    @property
    def caught_up(self) -> bool:
        """Whether the newest block of the counted node is stored, and its numbers are published: nothing is urgent."""

    async def look_up(self, parents: Iterable[BlockHash]) -> None:
        """Have those of these blocks among the known ones that are stored, however old they are."""


def pause_of(failures: int) -> float:
    """Seconds until the next attempt after so many failures in a row: exponential, with jitter."""
    longest = min(_LONGEST_PAUSE, _SHORTEST_PAUSE * 2.0 ** min(failures, 16))
    return random.uniform(longest / 2, longest)  # noqa: S311 -- spreads connections, guards no secret


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things take; tests use their own."""

    pause: Callable[[int], float] = pause_of
    look_seconds: float = 2.0
    """Between looks at what has changed."""


USUAL: Final = Timing()


class StratumWatch:
    """Reads what pools announce.

    Args:
        section: the endpoints.
        chain: what our nodes know.
        found: called with each round that is over.
        show: called when something has changed.
        retargets_rarely: see `Rounds`.
    """

    def __init__(
        self,
        section: StratumSection,
        chain: ChainView,
        *,
        found: Callable[[StratumRound], Awaitable[None]],
        show: Callable[[], None],
        retargets_rarely: bool = True,
        timing: Timing = USUAL,
    ) -> None:
        self.rounds = Rounds(retargets_rarely=retargets_rarely)
        self.endpoints = {
            each.address: EndpointState(each.address, each.pool, up=False, reason=None, since=time.time())
            for each in section.endpoints
        }
        self._section = section
        self._chain = chain
        self._found = found
        self._show = show
        self._timing = timing
        self._changed = True
        self._reported: dict[tuple[str, JobFault], float] = {}
        """When a fault of a pool and kind was logged, monotonic."""

    async def run(self) -> NoReturn:
        """Watch for ever."""
        resolver = Resolver()
        try:
            async with asyncio.TaskGroup() as group:
                for number, endpoint in enumerate(self._section.endpoints):
                    group.create_task(self._keep(endpoint, resolver, number * _STAGGER_SECONDS))
                group.create_task(self._look())
        finally:
            resolver.close()
        raise AssertionError("the watch has ended")

    async def _keep(self, endpoint: StratumEndpoint, resolve: Resolve, after: float) -> NoReturn:
        """Connect again whenever the connection ends."""
        await asyncio.sleep(after)
        failures = 0
        while True:
            began = time.monotonic()
            try:
                async with connected(endpoint, self._section.proxy, resolve) as lines:
                    await self._listen(endpoint, lines)
            except StratumError as error:
                failures = 0 if time.monotonic() - began > _STEADY_SECONDS else failures + 1
                self._turn(endpoint, str(error))
            await asyncio.sleep(self._timing.pause(failures))

    async def _listen(self, endpoint: StratumEndpoint, lines: Lines) -> NoReturn:
        session = Session(endpoint.user or self._section.user, endpoint.secret_password)
        joined = True
        lines.send(session.hello())
        while True:
            before = session.reconnects_refused
            announced, answer = session.receive(await lines.next())
            lines.send(answer)
            if session.reconnects_refused > before:
                self._refuse_reconnect(endpoint)
            if announced:
                self._turn(endpoint, None)
                now = PoolNow(*announced, time.time())
                fault = self.rounds.take(endpoint.pool, now, self._chain.known, at=time.monotonic(), joined=joined)
                self._report(fault)
                joined, self._changed = False, True
            elif session.refusal and joined:
                self._turn(endpoint, session.refusal)

    async def _look(self) -> NoReturn:
        """Finish rounds, and show what has changed: at once where pools did, and soon where nodes did."""
        shown_at = time.monotonic()
        while True:
            chain = self._chain
            await chain.look_up(self.rounds.unknown(chain.known))
            if chain.tip and chain.caught_up:
                for each in [*self.rounds.finish(chain.known, chain.tip.height)]:
                    await self._found(each)
                    self._changed = True
                for fault in self.rounds.check_parents(chain.known, time.monotonic()):
                    self._report(fault)
            if self._changed or time.monotonic() - shown_at > _SHOW_SECONDS:
                self._changed, shown_at = False, time.monotonic()
                self._show()
            await asyncio.sleep(self._timing.look_seconds)

    def _turn(self, endpoint: StratumEndpoint, reason: str | None) -> None:
        """Note that an endpoint sends jobs, or why it does not."""
        before = self.endpoints[endpoint.address]
        if before.up == (reason is None) and before.reason == reason:
            return
        self.endpoints[endpoint.address] = replace(before, up=reason is None, reason=reason, since=time.time())
        self._changed = True
        if reason is None:
            log.info("stratum server sends jobs", pool=endpoint.pool, endpoint=endpoint.address)
        elif before.up or before.reason is None:  # the first of several failures
            log.info("waiting for stratum server", pool=endpoint.pool, endpoint=endpoint.address, reason=reason)

    def _refuse_reconnect(self, endpoint: StratumEndpoint) -> None:
        before = self.endpoints[endpoint.address]
        self.endpoints[endpoint.address] = replace(before, reconnects_refused=before.reconnects_refused + 1)
        if not before.reconnects_refused:
            log.warning("stratum server wants us elsewhere, refused", pool=endpoint.pool, endpoint=endpoint.address)

    def _report(self, fault: FaultReport | None) -> None:
        """Log a fault, of each pool and kind once an hour at most: there are as many wrong values as a pool likes."""
        if fault is None:
            return
        self._changed = True
        key, now = (fault.pools[0], fault.kind), time.monotonic()
        if now - self._reported.get(key, -_REMIND_SECONDS) >= _REMIND_SECONDS:
            self._reported[key] = now
            log.warning("faulty job", pool=fault.pools[0], fault=fault.kind, block=fault.parent, reason=fault.detail)
