"""The table of firing by true share evaluates the rules as the daemon does, and holds what is promised of them."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType

import numpy as np
import pytest
from support.services import CHECKOUT

from monitor.alerts.loading import read_rules
from monitor.analysis import POOL
from monitor.backtest.replay import Replay, ReplayedBlock, Scope
from monitor.config import shipped
from monitor.model import BlockRow, PoolSlug, Window

pytestmark = pytest.mark.simulation

RULES = {rule.name: rule for rule in read_rules(shipped("alerts.toml"))}
WINDOWS = tuple(map(Window.parse, ("7d", "30d")))


@pytest.fixture(scope="module")
def firing() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(CHECKOUT / "scripts")])  # last: scripts have names of packages
        yield import_module("firing")


@pytest.mark.parametrize("name", ["pool_majority", "pool_third", "two_pools_majority"])
def test_it_fires_at_the_same_block_as_a_backtest(firing: ModuleType, name: str) -> None:
    chance, full = np.random.default_rng(3), 4500
    times = np.floor(np.cumsum(chance.exponential(600, 9000)))
    found = chance.random(len(times)) < np.where(np.arange(len(times)) < 4700, 0.3, 0.56)
    replay = Replay([RULES[name]], Scope((POOL,), WINDOWS))
    for at, (time, big) in enumerate(zip(times.tolist(), found.tolist(), strict=True)):
        pair = f"big{at % 2}" if name == "two_pools_majority" else "big"
        row = BlockRow(at, int(time), 0x1D00FFFF, PoolSlug(pair if big else f"p{at % 50}"))
        replay.warm(row) if at < full else replay.take(ReplayedBlock(row))
        if replay.episodes:
            break

    (condition,) = firing.conditions([RULES[name]])
    assert condition.fires(found, times, full) == replay.episodes[0].alert.height


@pytest.mark.parametrize("name", ["pool_majority", "template_majority"])
def test_the_critical_rules_are_silent_below_a_majority_and_quick_above(firing: ModuleType, name: str) -> None:
    (condition,) = firing.conditions([RULES[name]])

    below, above = firing.by_true_share(condition, 0.48, 60), firing.delays(condition, 0.55, 60)

    assert below.constant < 0.05
    assert below.early < 0.1
    assert (above <= 30).mean() > 0.95
