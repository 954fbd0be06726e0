"""An output that fails is started again, and takes nobody with it."""

from __future__ import annotations

import asyncio
from typing import NoReturn

import pytest
from structlog.testing import capture_logs

from monitor.errors import StoreError
from monitor.outputs.supervised import supervised
from monitor.vitals import Vitals


async def test_it_is_started_again_after_growing_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 9:
            raise asyncio.CancelledError

    async def fails() -> NoReturn:
        raise KeyError("a defect")

    monkeypatch.setattr("monitor.outputs.supervised.asyncio.sleep", sleep)
    vitals = Vitals()
    with capture_logs() as logs, pytest.raises(asyncio.CancelledError):
        await supervised("an output", fails, vitals)

    assert slept == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert vitals.registry.get_sample_value("pool_monitor_errors_total", {"kind": "output"}) == 9
    assert {(line["event"], line["output"]) for line in logs} == {("output failed, restarting", "an output")}


@pytest.mark.parametrize("in_group", [False, True])
async def test_an_error_that_explains_itself_is_logged_without_traceback(
    monkeypatch: pytest.MonkeyPatch, *, in_group: bool
) -> None:
    async def sleep(_seconds: float) -> None:
        raise asyncio.CancelledError

    async def fails() -> NoReturn:
        error = StoreError("the disk is full")
        raise ExceptionGroup("tasks of the output", [error]) if in_group else error

    monkeypatch.setattr("monitor.outputs.supervised.asyncio.sleep", sleep)
    with capture_logs() as logs, pytest.raises(asyncio.CancelledError):
        await supervised("an output", fails, Vitals())

    assert [(line["reason"], "exc_info" in line) for line in logs] == [("the disk is full", False)]


async def test_a_failure_at_the_moment_of_the_end_does_not_hide_the_end() -> None:
    async def fails_when_cancelled() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            raise StoreError("the database is unreachable")

    async def run() -> NoReturn:
        async with asyncio.TaskGroup() as group:
            group.create_task(fails_when_cancelled())
        raise AssertionError("unreachable")

    task = asyncio.create_task(supervised("an output", run, Vitals()))
    await asyncio.sleep(0.01)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)


async def test_a_failure_in_a_task_group_is_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = 0
    again = asyncio.Event()

    async def fails() -> None:
        await asyncio.sleep(0)
        raise StoreError("the database is unreachable")

    async def run() -> NoReturn:
        nonlocal runs
        runs += 1
        if runs == 2:
            again.set()
        async with asyncio.TaskGroup() as group:
            group.create_task(fails())
        raise AssertionError("unreachable")

    monkeypatch.setattr("monitor.outputs.supervised._LONGEST_PAUSE", 0.01)
    task = asyncio.create_task(supervised("an output", run, Vitals()))
    await asyncio.wait_for(again.wait(), 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
