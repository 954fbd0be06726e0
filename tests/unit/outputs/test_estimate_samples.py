"""The estimates as Prometheus sees them, and as JSON."""

import json
from typing import Any

import pytest

from monitor.analysis import POOL, BlockTable, Level, UncertainMembership, estimated, snapshot
from monitor.model import BlockHash, BlockRow, PoolSlug, Snapshot, Tally, Window
from monitor.outputs.metrics import CATALOGUE
from monitor.outputs.schemas.concentration import Changes, WindowConcentration

WINDOWS = [Window.parse(name) for name in ("24h", "30d")]
TIP = BlockHash("ab" * 32)
TEMPLATE = Level("template", lambda row: "group" if row.pool in ("a", "b") else row.pool)
QUESTIONS = [UncertainMembership("template", PoolSlug("c"), (), (("c",), ("group",)))]


def taken() -> tuple[Snapshot, BlockTable]:
    """Forty days in which pool d takes over from pool a after twenty-five."""
    rows = [
        BlockRow(
            h, 1_700_000_000 + 600 * h, 0x1D00FFFF, PoolSlug("abbccddddd"[h % 10] if h < 3600 else "dbbccddddd"[h % 10])
        )
        for h in range(40 * 144)
    ]
    ledger = BlockTable.of(rows, (POOL, TEMPLATE))
    return snapshot(
        ledger, WINDOWS, Tally(), tip_hash=TIP, first_height=0, caught_up=True, registry="", pool_names={}
    ), ledger


@pytest.fixture(scope="module")
def complete() -> Snapshot:
    found, ledger = taken()
    return estimated(found, ledger, WINDOWS, questions=QUESTIONS)


def shown(found: Snapshot) -> dict[str, dict[tuple[str, ...], float]]:
    return {each.name: dict(each.samples(found)) for each in CATALOGUE}


def test_what_is_known_at_once_does_not_wait() -> None:
    found = shown(taken()[0])
    assert found["share_above_probability"]["pool", "d", "24h", "0.5"] > 0.95
    assert ("pool", "d", "24h", "0.9") not in found["share_above_probability"]
    assert sum(found["hashrate_hashes_per_second"]["pool", pool, "24h"] for pool in "bcd") == pytest.approx(
        found["network_hashrate_hashes_per_second"]["24h",]
    )
    assert (
        found["network_hashrate_lower_hashes_per_second"]["24h",] < found["network_hashrate_hashes_per_second"]["24h",]
    )
    for name in ("hhi_lower", "estimates_block_height", "share_change_timestamp_seconds", "hhi_envelope_lower"):
        assert found[name] == {}


def test_intervals_hold_what_was_counted(complete: Snapshot) -> None:
    found = shown(complete)
    assert found["estimates_block_height"] == {(): 40 * 144 - 1}
    assert len(found["hhi_lower"]) == 2 * 2 * 2  # levels, windows, readings
    for labels, lower in found["hhi_lower"].items():
        assert lower < found["hhi_unbiased"][labels] < found["hhi_upper"][labels]
        coefficient = found["nakamoto_coefficient"][labels]
        assert found["nakamoto_coefficient_lower"][labels] <= coefficient <= found["nakamoto_coefficient_upper"][labels]


def test_a_trend_and_the_change_that_made_it(complete: Snapshot) -> None:
    found = shown(complete)
    assert found["effective_entities_slope_upper_per_year"]["pool", "30d"] < 0
    assert found["concentration_rising_probability"]["pool", "30d"] > 0.99
    assert set(found["share_change_timestamp_seconds"]) == {("a",)}  # d has gained less than a fifth
    assert found["share_change_before_ratio"]["a",] == pytest.approx(0.1, abs=0.02)
    assert found["share_change_after_ratio"]["a",] == pytest.approx(0, abs=0.001)  # half a block of prior


def test_both_axes_and_the_envelope(complete: Snapshot) -> None:
    found = shown(complete)
    assert found["other_template_ratio"]["24h",] == pytest.approx(0.2, abs=0.02)  # b's blocks count for the group
    assert found["template_hhi_difference"]["24h", "split"] == 0  # the group is b alone by now
    assert found["template_hhi_difference"]["30d", "split"] > 0
    assert found["hhi_envelope_upper"]["template", "24h", "split"] > found["hhi"]["template", "24h", "split"]
    assert found["hhi_envelope_lower"]["template", "24h", "split"] == found["hhi"]["template", "24h", "split"]
    assert found["share_envelope_upper_ratio"]["template", "group", "24h"] == pytest.approx(0.4, abs=0.02)


def test_every_series_has_the_labels_it_says(complete: Snapshot) -> None:
    for each in CATALOGUE:
        for labels, _ in each.samples(complete):
            assert len(labels) == len(each.labels), each.name


def test_json_has_the_same(complete: Snapshot) -> None:
    one = next(each for each in complete.concentration if (each.level, each.window.name) == ("template", "30d"))
    found: Any = json.loads(WindowConcentration.of_window(one, complete).encode())
    told = found["estimates"]
    assert (told["height"], told["hash"]) == (40 * 144 - 1, TIP)
    assert told["split"]["hhi"]["lower"] < found["split"]["hhi_unbiased"] < told["split"]["hhi"]["upper"]
    assert sum(told["split"]["nakamoto_probability"].values()) == pytest.approx(1)
    assert told["trend"]["lower"] < told["trend"]["slope"] < told["trend"]["upper"]
    assert told["envelope"]["open"] == ["c"]
    assert told["template_difference"]["blocks"] > 0
    [change] = json.loads(Changes.of_snapshot(complete).encode())["changes"]
    assert (change["level"], change["entity"], change["height"]) == ("pool", "a", 3600)
    assert change["before"]["share"] > 0.05 > change["after"]["share"]


def test_json_before_anything_is_estimated() -> None:
    found, _ = taken()
    assert WindowConcentration.of_window(found.concentration[0], found).estimates is None
    assert Changes.of_snapshot(found).changes is None
