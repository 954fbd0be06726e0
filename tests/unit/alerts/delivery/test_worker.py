"""A delivery worker delivers every change, however the receiver behaves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import pytest
from structlog.testing import capture_logs
from support.hook import until
from support.outbox import Post, alert

from monitor.alerts.delivery import worker
from monitor.errors import ReceiverAway, ReceiverRefused
from monitor.model import Alert, Dispatch
from monitor.outputs.receiver import Receiver


class Somebody(Receiver):
    """A receiver that does as it is told."""

    def __init__(self, name: str = "somebody") -> None:
        super().__init__(name)
        self.mood: Exception | None = None
        """What it raises."""
        self.hangs = False
        self.told: list[int] = []
        self.repeated: list[Sequence[Alert]] = []
        self.repeats_nothing = False
        self.closed = False

    async def deliver(self, changes: Sequence[Dispatch]) -> str:
        if self.hangs:
            await asyncio.sleep(3600)
        if self.mood:
            raise self.mood
        self.told += [change.number for change in changes]
        return "thanks"

    async def probe(self) -> str:
        return "here"

    async def repeat(self, alerts: Sequence[Alert]) -> None:
        self.repeated.append(alerts)
        if self.repeats_nothing:
            raise ReceiverRefused("not again")

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def post() -> Post:
    return Post()


async def test_what_changes_is_told_in_order_and_acknowledged(post: Post) -> None:
    somebody = Somebody()
    async with post.working(somebody):
        post.outbox.note(alert(), alert("other"))
        post.outbox.note(alert(firing=False))
        await until(lambda: post.outbox.is_done("somebody"))
    assert somebody.told == [1, 2, 3]
    assert somebody.closed


async def test_a_new_receiver_hears_of_what_changes_from_now_on(post: Post) -> None:
    post.outbox.note(alert())
    somebody = Somebody()
    async with post.working(somebody):
        post.outbox.note(alert(firing=False))
        await until(lambda: post.outbox.is_done("somebody"))
    assert somebody.told == [2]


async def test_what_was_not_acknowledged_is_told_after_a_restart(post: Post) -> None:
    somebody = Somebody()
    somebody.mood = ReceiverAway("not now")
    async with post.working(somebody):
        post.outbox.note(alert(), alert("other"))
        await until(lambda: post.count("receiver_away") > 0)
    somebody.mood = None
    async with post.working(somebody):
        await until(lambda: post.outbox.is_done("somebody"))
    assert somebody.told == [1, 2]


async def test_one_who_hangs_delays_nobody_else(post: Post) -> None:
    stuck, well = Somebody("stuck"), Somebody("well")
    stuck.hangs = True
    async with post.working(stuck, well):
        post.outbox.note(alert(), alert("other"))
        await until(lambda: post.outbox.is_done("well"), seconds=1)
    assert (stuck.told, well.told) == ([], [1, 2])


async def test_one_who_hangs_is_away_after_its_time_is_up(post: Post) -> None:
    stuck = Somebody()
    stuck.hangs, stuck.timeout = True, 0.05
    async with post.working(stuck):
        post.outbox.note(alert())
        await until(lambda: post.count("receiver_away") >= 2)
        stuck.hangs = False
        await until(lambda: post.outbox.is_done("somebody"))
    assert stuck.told == [1]


async def test_it_is_said_once_a_minute_that_a_receiver_is_away_and_once_that_it_is_back(post: Post) -> None:
    somebody = Somebody()
    somebody.mood = ReceiverAway("nobody there")
    with capture_logs() as logs:
        async with post.working(somebody):
            post.outbox.note(alert())
            await until(lambda: post.count("receiver_away") >= 5)
            somebody.mood = None
            await until(lambda: post.outbox.is_done("somebody"))
            await until(lambda: len(logs) > 1)
    assert [(line["event"], line.get("reason")) for line in logs] == [
        ("waiting for receiver", "nobody there"),
        ("receiver accepts alerts again", None),
    ]


async def test_it_waits_for_as_long_as_it_is_asked_to(post: Post) -> None:
    somebody = Somebody()
    somebody.mood = ReceiverAway("too many", 0.3)
    async with post.working(somebody):
        started = time.monotonic()
        post.outbox.note(alert())
        await until(lambda: post.count("receiver_away") == 1)
        somebody.mood = None
        await until(lambda: post.outbox.is_done("somebody"))
    assert time.monotonic() - started >= 0.3


async def test_a_refusal_is_loud_and_tried_again_while_somebody_may_be_correcting_it(post: Post) -> None:
    somebody = Somebody()
    somebody.mood = ReceiverRefused("404 Not Found")
    with capture_logs() as logs:
        async with post.working(somebody):
            post.outbox.note(alert())
            await until(lambda: post.count("receiver_refused") >= 3)
            somebody.mood = None
            await until(lambda: post.outbox.is_done("somebody"))
    assert somebody.told == [1]
    assert (logs[0]["event"], logs[0]["log_level"]) == ("receiver rejects alerts", "error")


async def test_what_is_refused_for_too_long_is_given_up_and_so_is_what_follows_at_once(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_REFUSALS_SECONDS", 0.1)
    somebody = Somebody()
    somebody.mood = ReceiverRefused("410 Gone")
    with capture_logs() as logs:
        async with post.working(somebody):
            post.outbox.note(*[alert(f"rule {n}") for n in range(20)])
            await until(lambda: post.outbox.is_done("somebody"), seconds=2)
            somebody.mood = None
            post.outbox.note(alert("wanted"))
            await until(lambda: post.outbox.is_done("somebody"))
    assert somebody.told == [21]
    assert [line["number"] for line in logs if line["event"] == "alert dropped after rejections"] == list(range(1, 21))
    dropped = post.vitals.registry.get_sample_value("pool_monitor_output_dropped_total", {"output": "somebody"})
    assert dropped == 20


async def test_a_defect_ends_no_worker(post: Post) -> None:
    somebody = Somebody()
    somebody.mood = KeyError("a defect")
    with capture_logs() as logs:
        async with post.working(somebody):
            post.outbox.note(alert())
            await until(lambda: post.count("output") == 1)
            somebody.mood = None
            await until(lambda: post.outbox.is_done("somebody"))
    assert somebody.told == [1]
    assert logs[0]["event"] == "output failed, restarting"


async def test_what_stands_is_repeated_to_one_who_wants_it_so(post: Post) -> None:
    somebody = Somebody()
    somebody.repeat_seconds = 0.05
    post.hub.alert([alert()], [])
    async with post.working(somebody):
        await until(lambda: len(somebody.repeated) >= 3)
    assert somebody.repeated[0] == (alert(),)


async def test_what_cannot_be_repeated_does_not_hold_up_what_is_new(post: Post) -> None:
    somebody = Somebody()
    somebody.repeat_seconds, somebody.repeats_nothing = 0.02, True
    async with post.working(somebody):
        await until(lambda: len(somebody.repeated) >= 2)
        post.outbox.note(alert())
        await until(lambda: post.outbox.is_done("somebody"))
        await until(lambda: len(somebody.repeated) >= 4)
    assert somebody.told == [1]


async def test_many_at_once_for_one_who_takes_them(post: Post) -> None:
    somebody = Somebody()
    somebody.batch = 7
    async with post.working(somebody):
        post.outbox.note(*[alert(f"rule {n}") for n in range(1000)])
        await until(lambda: post.outbox.is_done("somebody"))
    assert somebody.told == list(range(1, 1001))
