"""The estimates as Prometheus sees them, and as JSON."""

import json
from dataclasses import replace
from typing import Any

import pytest

from monitor.analysis import POOL, BlockTable, Level, UncertainMembership, estimated, snapshot
from monitor.model import BlockHash, BlockRow, Combined, Interval, PoolSlug, Snapshot, Tally, Window
from monitor.outputs.metrics import CATALOGUE
from monitor.outputs.schemas.concentration import Changes, CurrentShares, WindowConcentration, WindowShares
from monitor.outputs.schemas.confirmations import Confirmations

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
    table = BlockTable.of(rows, (POOL, TEMPLATE))
    return snapshot(
        table, WINDOWS, Tally(), tip_hash=TIP, first_height=0, caught_up=True, registry="", pool_names={}
    ), table


@pytest.fixture(scope="module")
def complete() -> Snapshot:
    found, table = taken()
    return estimated(found, table, WINDOWS, questions=QUESTIONS)


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
    assert len(found["hhi_lower"]) == 2 * 2  # levels, windows
    for labels, lower in found["hhi_lower"].items():
        for unknown in ("split", "merged"):
            reading = (*labels, unknown)
            assert lower <= found["hhi_sampling_lower"][reading] < found["hhi_unbiased"][reading]
            assert found["hhi_unbiased"][reading] < found["hhi_sampling_upper"][reading] <= found["hhi_upper"][labels]
            coefficient = found["nakamoto_coefficient"][reading]
            assert found["nakamoto_coefficient_lower"][labels] <= coefficient
            assert coefficient <= found["nakamoto_coefficient_upper"][labels]


def test_the_published_interval_of_a_share_holds_its_sampling_part(complete: Snapshot) -> None:
    found = shown(complete)
    own = ("template", "c", "24h")  # which may be the group's
    assert found["share_lower_ratio"][own] == 0 < found["share_sampling_lower_ratio"][own]
    assert found["share_upper_ratio"][own] == found["share_sampling_upper_ratio"][own]
    pool = ("pool", "c", "24h")
    assert found["share_lower_ratio"][pool] == found["share_sampling_lower_ratio"][pool]


def test_before_estimates_an_interval_is_not_published_at_all() -> None:
    found = shown(taken()[0])
    assert found["share_lower_ratio"] == found["share_upper_ratio"] == found["hhi_lower"] == {}
    assert found["share_sampling_lower_ratio"]


def test_shares_now_and_the_risk_from_the_largest(complete: Snapshot) -> None:
    found = shown(complete)
    assert found["share_now_lower_ratio"]["pool", "d"] < 0.6 < found["share_now_upper_ratio"]["pool", "d"]
    assert found["confirmation_risk_ratio"]["pool", "1"] == pytest.approx(1, abs=1e-4)  # it has a majority
    assert set(found["confirmation_risk_ratio"]) >= {("template", "6"), ("pool", "100")}
    risk, six = (found[f"confirmation_risk_{end}ratio"] for end in ("lower_", "upper_")), ("pool", "6")
    lower, upper = (each[six] for each in risk)
    assert lower <= found["confirmation_risk_ratio"][six] <= upper


def test_a_trend_and_the_change_that_made_it(complete: Snapshot) -> None:
    found = shown(complete)
    assert found["effective_entities_slope_upper_per_year"]["pool", "30d"] < 0
    assert found["concentration_rising_probability"]["pool", "30d"] > 0.99
    assert set(found["share_change_timestamp_seconds"]) == {("a",)}  # d has gained less than a fifth
    assert found["share_change_before_ratio"]["a",] == pytest.approx(0.1, abs=0.02)
    assert found["share_change_after_ratio"]["a",] == pytest.approx(0, abs=0.001)  # half a block of prior
    assert found["share_change_lower_ratio"]["a",] < -0.1 < found["share_change_upper_ratio"]["a",] < 0
    assert found["share_change_labelling"]["a",] == 0


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
    assert told["combined"]["hhi"]["lower"] <= told["split"]["hhi"]["lower"]
    assert found["headline_hhi"] == found["split"]["hhi_unbiased"]
    assert told["split"]["entropy_bits"]["lower"] < found["split"]["entropy_bits"]
    assert set(told["split"]["top_share"]) == {"1", "2", "3"}
    assert sum(told["split"]["nakamoto_probability"].values()) == pytest.approx(1)
    assert told["trend"]["lower"] < told["trend"]["slope"] < told["trend"]["upper"]
    assert told["envelope"]["open"] == ["c"]
    assert told["template_difference"]["blocks"] > 0
    [change] = json.loads(Changes.of_snapshot(complete).encode())["changes"]
    assert (change["level"], change["entity"], change["height"]) == ("pool", "a", 3600)
    assert change["before"]["share"] > 0.05 > change["after"]["share"]
    assert change["size"]["upper"] < 0
    assert (change["labelling"], change["counterpart"]) == (False, None)


def test_json_before_anything_is_estimated() -> None:
    found, _ = taken()
    assert WindowConcentration.of_window(found.concentration[0], found).estimates is None
    assert Changes.of_snapshot(found).changes is None
    shares = WindowShares.of_window(found.concentration[0], found).shares
    assert {(share.lower, share.upper) for share in shares} == {(None, None)}
    assert all(share.sampling_upper for share in shares)
    assert CurrentShares.of_level("pool", found).shares is None
    assert Confirmations.of_snapshot(found, level=None, risk=0.01, amount=None).levels is None


def test_json_of_shares_now_and_of_confirmations(complete: Snapshot) -> None:
    now = CurrentShares.of_level("template", complete)
    assert now.shares
    assert [share.entity for share in now.shares][:1] == ["d"]
    assert now.shares[0].blocks_lower < now.shares[0].lower < now.shares[0].share < now.shares[0].upper
    needed = Confirmations.of_snapshot(complete, level="pool", risk=0.001, amount=5.0)
    assert needed.levels
    [one] = needed.levels
    assert (one.level, one.entity, one.needed, one.unprofitable) == ("pool", "d", None, None)


def test_json_lists_entities_without_a_block_last(complete: Snapshot) -> None:
    one = next(each for each in complete.concentration if (each.level, each.window.name) == ("pool", "24h"))
    doubted = Combined("pool", "24h", Interval(0, 1), Interval(1, 2), {"z": Interval(0, 0.4), "b": Interval(0.1, 0.3)})
    assert complete.estimates
    changed = replace(complete, estimates=replace(complete.estimates, combined=(doubted,)))
    *_, last = WindowShares.of_window(one, changed).shares
    assert (last.entity, last.blocks, last.share, last.lower, last.upper) == ("z", 0, 0, 0, 0.4)
