"""One look at one server: connect, subscribe, read a few messages, leave."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

from monitor.config import StratumEndpoint
from monitor.errors import StratumError
from monitor.stratum.connection import Resolver, connected
from monitor.stratum.session import Announced, Session


@dataclass(frozen=True, slots=True)
class Probed:
    """What a server said."""

    session: Session
    jobs: list[Announced] = field(default_factory=list)


async def probe(endpoint: StratumEndpoint, proxy: str | None, *, jobs: int = 1, seconds: float = 60) -> Probed:
    """Read some jobs of a server.

    Raises:
        StratumError: it cannot be reached, or sends no job in time.
    """
    found = Probed(Session(endpoint.user, endpoint.secret_password))
    resolver = Resolver()
    try:
        async with asyncio.timeout(seconds), connected(endpoint, proxy, resolver) as lines:
            lines.send(found.session.hello())
            while len(found.jobs) < jobs:
                announced, answer = found.session.receive(await lines.next())
                lines.send(answer)
                found.jobs.extend([announced] if announced else [])
    except TimeoutError:
        if not found.jobs:
            raise StratumError(found.session.refusal or f"no job within {seconds:g} seconds") from None
    finally:
        resolver.close()
    return found
