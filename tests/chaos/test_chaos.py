"""A monitor survives faults at random: a few seeds of `make chaos`, each engine and kind of node among them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from chaos.plan import SECONDS, Engine, Kind, make
from chaos.world import Database, run, server

SEEDS = (1, 2, 3, 5, 6)


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    with TemporaryDirectory(prefix="pool-monitor-test-") as folder, server(Path(folder)) as found:
        yield found


@pytest.mark.parametrize("seed", SEEDS)
async def test_after_faults_at_random_every_promise_was_kept(
    seed: int, scratch: Path, request: pytest.FixtureRequest
) -> None:
    plan = make(seed)
    postgresql = None if plan.engine is Engine.SQLITE else request.getfixturevalue("database")

    outcome = await run(plan, scratch, postgresql)

    assert not outcome.broken, f"{plan}\nagain: make chaos SEEDS=1 FIRST={seed}\n{outcome}"


def test_a_plan_follows_from_its_seed() -> None:
    assert make(7) == make(7)
    assert make(7) != make(8)


def test_plans_have_every_fault_of_every_part() -> None:
    plans = [make(seed) for seed in range(200)]
    found = {(each.target, each.kind) for plan in plans for each in plan.faults}

    assert {kind for _, kind in found} == {*Kind}
    assert {target for target, _ in found} == {
        "node", "observer", "database", "path a", "path b", "broker", "webhook", "monitor a", "monitor b", "clock",
    }  # fmt: skip
    assert {plan.engine for plan in plans if plan.core} == {*Engine}
    assert all(0 <= fault.at < SECONDS for plan in plans for fault in plan.faults)
