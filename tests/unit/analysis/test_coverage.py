"""The intervals hold the truth as often as they say: a short run of what docs/accuracy.md has in full."""

import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
MONTH = CHECKOUT / "tests" / "data" / "mainnet_2024_09.parquet"
SAMPLES = 150
LUCK = 3 * 100 * (0.95 * 0.05 / SAMPLES) ** 0.5  # three standard deviations, in per cent


@pytest.fixture(scope="module")
def script() -> Iterator[dict[str, Any]]:
    scripts = CHECKOUT / "scripts"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [*sys.path, str(scripts)])  # last: the package `coverage` has the name of the script
        yield runpy.run_path(str(scripts / "coverage.py"))


@pytest.mark.parametrize("level", ["pool", "operator"])
@pytest.mark.parametrize("blocks", [144, 2016])
def test_intervals_hold_the_truth(script: dict[str, Any], level: str, blocks: int) -> None:
    (truth,) = (each for each in script["worlds"](MONTH) if each.name.startswith(level))
    held = script["coverage"](truth, blocks, SAMPLES)
    assert 100 * held.shares == pytest.approx(95, abs=2 + LUCK / (truth.shares >= script["ENOUGH"]).sum() ** 0.5)
    assert 100 * held.hhi_split == pytest.approx(95, abs=2 + LUCK)
    assert 100 * held.hhi_merged == pytest.approx(95, abs=2 + LUCK)
    assert 100 * held.nakamoto >= 94 - LUCK
