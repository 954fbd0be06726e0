"""The library's waiting can be ended at any moment."""

from __future__ import annotations

import asyncio

import pytest

from monitor.outputs.mqtt.broker import _Client


async def test_a_cancellation_that_comes_with_the_answer_is_not_lost() -> None:
    client = _Client("127.0.0.1", timeout=60)
    answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    task = asyncio.create_task(client._wait_for(answer, None))  # noqa: SLF001 -- publishing and connecting do so
    await asyncio.sleep(0)

    answer.set_result(None)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
