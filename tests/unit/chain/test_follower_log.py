"""What is said while the node is away: once a minute, and when it is back."""

from types import SimpleNamespace

import pytest
from structlog.testing import capture_logs
from support.fake_chain import ALL, FakeNode, Memory
from tenacity import RetryCallState

from monitor import outages
from monitor.chain import follower
from monitor.chain.follower import Follower
from monitor.errors import NodeAway, NodeBusy, NodeError, NodeRefused
from monitor.model import Reach
from monitor.vitals import Vitals


class Clock:
    """A clock that goes on only while somebody waits, ten seconds at a time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1000.0
        for module in (follower, outages):
            monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: self.now))

    def pause(self, _state: RetryCallState) -> float:
        self.now += 10
        return 0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


async def story(node: FakeNode, clock: Clock, *faults: NodeError) -> list[dict[str, object]]:
    """The log of a start during which the node fails in these ways, one after the other."""
    left = iter(faults)

    def fail(question: str) -> None:
        if question == "tip" and (fault := next(left, None)):
            raise fault

    node.before_answer = fail
    with capture_logs() as log:
        await anext(Follower(node, Memory(), ALL, vitals=Vitals(), pause=clock.pause).plans(None))
    return log  # type: ignore[return-value]


async def test_one_line_a_minute_then_the_relief(clock: Clock) -> None:
    log = await story(FakeNode(3), clock, *[NodeAway("starting up")] * 14)  # the first is second 0
    waiting = {"event": "waiting for the node", "reason": "starting up", "log_level": "warning"}
    assert log == [
        {**waiting, "seconds": 0},
        {**waiting, "seconds": 60},
        {**waiting, "seconds": 120},
        {"event": "connection restored", "seconds": 130, "log_level": "info"},
    ]


async def test_a_short_absence_is_two_lines(clock: Clock) -> None:
    log = await story(FakeNode(3), clock, NodeBusy("try again"))
    assert [line["event"] for line in log] == ["waiting for the node", "connection restored"]


async def test_the_latest_reason_is_the_one_told(clock: Clock) -> None:
    log = await story(FakeNode(3), clock, *[NodeAway("refused")] * 3, *[NodeAway("warming up")] * 5)
    assert [line.get("reason") for line in log] == ["refused", "warming up", None]


async def test_a_node_that_answers_is_not_spoken_of(clock: Clock) -> None:
    assert await story(FakeNode(3), clock) == []


async def followed(node: FakeNode, memory: Memory, clock: Clock) -> None:
    """Take the steps up to the node's tip, each ten seconds of waiting apart."""
    follower = Follower(node, memory, ALL, vitals=Vitals(), pause=clock.pause)
    async for plan in follower.plans(memory.tip):
        memory.apply(plan)
        if plan.caught_up:
            return


async def test_a_refusal_after_good_service_is_final_once_it_lasts_fifteen_minutes(clock: Clock) -> None:
    node, memory = FakeNode(3), Memory()
    await followed(node, memory, clock)
    node.mine()
    begun = clock.now

    def refuse(question: str) -> None:
        if question == "tip":
            raise NodeRefused("wrong password")

    node.before_answer = refuse
    with pytest.raises(NodeRefused, match="wrong password"):
        await followed(node, memory, clock)
    assert clock.now - begun == 900


async def test_refusals_that_do_not_last_are_not_added_up(clock: Clock) -> None:
    node, memory = FakeNode(3), Memory()
    await followed(node, memory, clock)
    node.mine()
    faults = iter(([NodeRefused("wrong password")] * 80 + [NodeAway("gone")]) * 3)

    def fail(question: str) -> None:
        if question == "tip" and (fault := next(faults, None)):
            raise fault

    node.before_answer = fail
    await followed(node, memory, clock)
    assert memory.chain == node.chain


async def test_a_history_begun_anew_is_said(clock: Clock) -> None:
    node, memory = FakeNode(9), Memory()
    plans = Follower(node, memory, Reach(seconds=0, blocks=3), vitals=Vitals(), pause=clock.pause).plans(None)
    memory.apply(await anext(plans))
    node.mine(9, depth=8)
    with capture_logs() as log:
        memory.apply(await anext(plans))
    assert memory.chain == node.chain[-3:]
    assert log == [
        {
            "event": "no stored block is on the node's chain, starting over",
            "blocks": 3,
            "log_level": "warning",
        }
    ]
