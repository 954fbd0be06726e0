"""The intervals hold the truth as often as they say: a short run of what docs/accuracy.md has in full."""

import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

pytestmark = pytest.mark.simulation

CHECKOUT = Path(__file__).resolve().parents[3]
MONTH = CHECKOUT / "tests" / "data" / "mainnet_2024_09.parquet"
SAMPLES = 60
LUCK = 3 * 100 * (0.95 * 0.05 / SAMPLES) ** 0.5  # three standard deviations, in per cent


@pytest.fixture(scope="module")
def script() -> Iterator[dict[str, Any]]:
    scripts = CHECKOUT / "scripts"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(scripts)])  # last: the package `coverage` has the name of the script
        yield runpy.run_path(str(scripts / "coverage.py"))


@pytest.fixture(scope="module")
def drift(script: dict[str, Any]) -> ModuleType:  # noqa: ARG001 -- imported by it
    return sys.modules["coverage_drift"]


def truth(script: dict[str, Any], level: str) -> Any:  # noqa: ANN401 -- of a script
    (found,) = (each for each in script["worlds"](MONTH) if each.name.startswith(level))
    return found


@pytest.mark.parametrize("level", ["pool", "operator"])
@pytest.mark.parametrize("blocks", [144, 2016])
def test_intervals_hold_the_truth(script: dict[str, Any], level: str, blocks: int) -> None:
    world = truth(script, level)
    held = script["coverage"](world, blocks, SAMPLES)
    assert 100 * held.shares == pytest.approx(95, abs=2 + LUCK / (world.shares >= script["ENOUGH"]).sum() ** 0.5)
    assert 100 * held.hhi_split == pytest.approx(95, abs=2 + LUCK)
    assert 100 * held.hhi_merged == pytest.approx(95, abs=2 + LUCK)
    assert 100 * held.nakamoto >= 94 - LUCK


@pytest.mark.parametrize("times", [1, 2])
def test_the_share_now_holds_the_next_fortnight_while_shares_drift(
    script: dict[str, Any], drift: ModuleType, times: float
) -> None:
    held = drift.held(truth(script, "pool"), times, 40)
    assert 92 < held.fortnight < 98.5
    assert 92 < held.blocks < 98.5
    assert held.year < 40


@pytest.mark.parametrize("times", [1, 3])
def test_drift_is_no_trend(script: dict[str, Any], drift: ModuleType, times: float) -> None:
    assert max(drift.false_trends(truth(script, "pool"), times, 40)) <= 10
