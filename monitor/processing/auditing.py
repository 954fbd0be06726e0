"""Runs the audit: what the observer finds is stored, counted on a thread, and shown."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NoReturn, TypeAlias

import structlog

from monitor.audit.list_file import read_addresses
from monitor.audit.observer import AuditNode, AuditObserver
from monitor.config import AuditSection
from monitor.documents import read_text
from monitor.hub import Hub
from monitor.model import AuditView, BlockAudit, BlockHash, BlockRef
from monitor.processing.audits import LONGEST_SECONDS, audit_view
from monitor.reload import note_modified
from monitor.store.audits import StoredAudits
from monitor.vitals import Vitals

DAY_SECONDS = 86_400
_AHEAD_SECONDS = 7200
"""By consensus, how far a header time may be ahead of its block: lower blocks may have later times."""
_DISABLED = "switched off in the configuration (audit.enabled)"

log = structlog.get_logger()

Belongs: TypeAlias = Callable[[str, int], Mapping[str, str | None]]
"""What a pool belonged to at a time, by level."""


class AuditQueries:
    """The stored audits, and what they amounted to at earlier blocks."""

    def __init__(self, store: StoredAudits, belongs: Belongs) -> None:
        self.find, self.newest = store.find, store.newest
        self._store = store
        self._belongs = belongs

    async def view(self, tip: BlockRef, time: int) -> AuditView:
        """What the audit had found when a block with this header time was the tip."""
        stored = await self._store.rows(time - LONGEST_SECONDS, until=time + _AHEAD_SECONDS)
        rows = [row for row in stored if row.height <= tip.height]
        seen = await self._store.sanctioned(up_to=tip.height)
        return replace(await asyncio.to_thread(audit_view, rows, seen, self._belongs), newest=tip.hash)


async def run_audit(  # noqa: PLR0913 -- its inputs and outputs, by name
    section: AuditSection,
    node: AuditNode,
    *,
    hub: Hub,
    store: StoredAudits,
    belongs: Belongs,
    script_of: Callable[[str], bytes],
    vitals: Vitals,
) -> NoReturn:
    """Audit the blocks of the counted chain for ever; shows a reason where that is not possible.

    Args:
        section: the configuration.
        node: the counted node.
        hub: announces blocks, and shows what is found.
        store: keeps what is found.
        belongs: what a pool belonged to at a time, by level.
        script_of: the script of an address of the network; raises ValueError for what is none.
        vitals: gets the age of the list of addresses and of the last template.
    """

    async def recount(newest: BlockHash | None, end: int) -> None:
        """Count all audits in the windows that end at a header time, and show them."""
        rows, sightings = await store.rows(end - LONGEST_SECONDS), await store.sanctioned()
        counted = await asyncio.to_thread(audit_view, rows, sightings, belongs)
        before = hub.audit or counted
        shown = replace(
            counted, off=before.off, interval_seconds=before.interval_seconds, newest=newest or before.newest
        )  # fmt: skip
        hub.show_audit(shown)

    def show_state(off: str | None, interval: float) -> None:
        """Show whether there is an audit."""
        view = hub.audit or AuditView(off)
        hub.show_audit(replace(view, off=off, interval_seconds=None if off else interval))
        if off is None:
            vitals.input_modified.labels("template").set(time.time())

    async def found(audit: BlockAudit) -> None:
        await store.save(audit, keep_seconds=section.keep_days * DAY_SECONDS)
        await recount(audit.ref.hash, audit.time)

    await recount(None, int(time.time()))
    if not section.enabled:
        show_state(_DISABLED, 0)
        await asyncio.Event().wait()
    sanctioned = await asyncio.to_thread(_read_list, section.sanctioned_file, script_of)
    if section.sanctioned_file:
        note_modified([section.sanctioned_file], "sanctioned", vitals)
    await AuditObserver(node, hub, section, found=found, state=show_state, sanctioned=sanctioned).run()
    raise AssertionError("the observer returned")


def _read_list(file: Path | None, script_of: Callable[[str], bytes]) -> frozenset[bytes]:
    if file is None:
        return frozenset()
    try:
        scripts, wrong = read_addresses(read_text(file).splitlines(), script_of)
    except (OSError, UnicodeDecodeError) as error:
        log.warning("the list of addresses cannot be read", file=str(file), reason=str(error))
        return frozenset()
    if wrong:
        log.warning("lines of the list of addresses are left out", file=str(file), lines=len(wrong), first=wrong[0])
    return scripts
