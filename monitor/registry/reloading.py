"""The registry and the memberships, kept up to date while the daemon runs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import NoReturn

import structlog

from monitor.config import RegistrySection
from monitor.errors import RegistryError
from monitor.registry.loading import Registry, files, load_registry
from monitor.reload import ReloadSignal, changes
from monitor.vitals import Vitals

log = structlog.get_logger()


async def keep_current(
    section: RegistrySection,
    network: str,
    adopt: Callable[[Registry], Awaitable[None]],
    *,
    hangups: ReloadSignal,
    vitals: Vitals,
) -> NoReturn:
    """Call `adopt` with what is known of pools whenever the files say something else.

    What cannot be used is refused with the reason, and the old stays.
    """
    async for _ in changes(lambda: files(section), hangups):
        try:
            registry = await asyncio.to_thread(load_registry, section, network, forgiving=False)
        except RegistryError as error:
            vitals.errors.labels("registry").inc()
            log.error("the registry was refused; the old one stays", reason=str(error))  # noqa: TRY400 -- no trace
            continue
        await adopt(registry)
    raise AssertionError("files change for ever")
