"""What waits for the broker: bounded, and the newest of each state."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from monitor.outputs.mqtt.outgoing import Message, Outgoing
from monitor.vitals import Vitals


async def drained(outgoing: Outgoing) -> list[Message]:
    """Everything that waits, as it would be published."""
    found: list[Any] = []
    while True:
        try:
            async with asyncio.timeout(0.01):
                message = await outgoing.next()
        except TimeoutError:
            return found
        outgoing.sent(message)
        found.append(message)


def dropped(vitals: Vitals) -> float:
    return vitals.registry.get_sample_value("pool_monitor_output_dropped_total", {"output": "mqtt"}) or 0.0


@pytest.fixture
def vitals() -> Vitals:
    return Vitals()


@pytest.fixture
def outgoing(vitals: Vitals) -> Outgoing:
    return Outgoing("mqtt", vitals, limit=3)


async def test_of_many_events_the_oldest_go_and_are_counted(outgoing: Outgoing, vitals: Vitals) -> None:
    for n in range(5):
        outgoing.event("block", str(n))
    assert [each.payload for each in await drained(outgoing)] == ["2", "3", "4"]
    assert dropped(vitals) == 2


async def test_a_newer_state_takes_the_place_of_an_older_one(outgoing: Outgoing, vitals: Vitals) -> None:
    for n in range(5):
        outgoing.state("tip", str(n))
    outgoing.state("tip", "4")
    assert [(each.payload, each.retain) for each in await drained(outgoing)] == [("4", True)]
    outgoing.state("tip", "4")
    assert await drained(outgoing) == []
    assert dropped(vitals) == 0


async def test_a_state_that_changes_while_it_is_published_is_published_again(outgoing: Outgoing) -> None:
    outgoing.state("tip", "old")
    message = await outgoing.next()
    outgoing.state("tip", "new")
    outgoing.sent(message)
    assert [each.payload for each in await drained(outgoing)] == ["new"]


async def test_an_event_that_was_let_go_while_it_was_published_takes_no_other_with_it(outgoing: Outgoing) -> None:
    outgoing.event("block", "0")
    message = await outgoing.next()
    for n in range(1, 5):
        outgoing.event("block", str(n))
    outgoing.sent(message)
    assert [each.payload for each in await drained(outgoing)] == ["2", "3", "4"]


async def test_a_broker_that_forgot_is_told_every_state_again(outgoing: Outgoing) -> None:
    outgoing.state("tip", "1")
    outgoing.state("alert", "2", published=True)
    outgoing.event("block", "3")
    assert [each.payload for each in await drained(outgoing)] == ["3", "1"]
    outgoing.resend_states()
    assert [each.payload for each in await drained(outgoing)] == ["1", "2"]
