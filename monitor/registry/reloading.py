"""Reloads the registry while the daemon runs."""

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
    reload: ReloadSignal,
    vitals: Vitals,
) -> NoReturn:
    """Call `adopt` with the registry each time its files have changed.

    An invalid file is logged with the reason, and the previous registry stays in use.
    """
    async for _ in changes(lambda: files(section), reload):
        try:
            registry = await asyncio.to_thread(load_registry, section, network, forgiving=False)
        except RegistryError as error:
            vitals.errors.labels("registry").inc()
            log.error("registry rejected, previous registry kept", reason=str(error))  # noqa: TRY400 -- no traceback
            continue
        await adopt(registry)
    raise AssertionError("file changes never end")
