"""The parts of the daemon end together."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from monitor import process_signals, together
from monitor.errors import Exit, StoreError
from monitor.together import all_or_none


async def fails() -> None:
    raise StoreError("the disk is full")


async def test_the_first_error_ends_all_parts() -> None:
    with pytest.raises(StoreError, match="full"):
        await all_or_none(asyncio.sleep(3600), fails())


async def test_a_part_that_does_not_end_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise it would stand still, and no service manager would start it again."""
    ended = asyncio.get_running_loop().create_future()
    monkeypatch.setattr(together, "END_SECONDS", 0.01)
    monkeypatch.setattr(process_signals, "end_at_once", ended.set_result)

    async def deaf() -> None:
        while not ended.done():
            with suppress(asyncio.CancelledError):
                await asyncio.shield(ended)

    with pytest.raises(StoreError):
        await all_or_none(deaf(), fails())
    assert ended.result() == Exit.CRASHED


async def test_parts_that_end_in_time_leave_no_deadline_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "END_SECONDS", 0.01)
    monkeypatch.setattr(process_signals, "end_at_once", lambda _status: pytest.fail("ended"))
    with pytest.raises(StoreError):
        await all_or_none(asyncio.sleep(3600), fails())
    await asyncio.sleep(0.05)
