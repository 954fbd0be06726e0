"""Metrics for rules only: known inputs give samples, unknown inputs give none."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support.builders import view_of
from support.fake_chain import BEFORE_ALL
from support.stratum_views import view_of as view_of_stratum
from support.views import split_view

from monitor.alerts.inputs import AlertInputs, incomplete_windows
from monitor.alerts.loading import METRIC_LOOKUP
from monitor.alerts.rule_metrics import ALERT_METRICS
from monitor.alerts.text import details
from monitor.model import (
    NO_BLOCK,
    AuditView,
    BlockHash,
    BlockRow,
    Change,
    Concentration,
    EconomySource,
    EconomyView,
    EmptyBlocks,
    Estimates,
    Forecast,
    Interval,
    NodesView,
    PoolSlug,
    Race,
    Rate,
    Relation,
    SanctionedCase,
    Share,
    Signals,
    Snapshot,
    SourceOrigin,
    SourceState,
    Streak,
    Tally,
    Window,
)

A, B = PoolSlug("a"), PoolSlug("b")
LOST = (BlockHash("11" * 32), BlockHash("22" * 32))
SIGNALS = Signals(
    streaks=(Streak(A, 5, 1e-4, 3.0, 6), Streak(B, 4, 1e-9, 0.0, 4)),
    empty=(EmptyBlocks(A, "7d", 90, 3, {}), EmptyBlocks(None, "7d", 10, 1, {}), EmptyBlocks(A, "1d", 0, 0, {})),
    races=(Race(7, 0, LOST, losers=(A, None), winners=()), Race(2, 0, (BlockHash("33" * 32),), (B,), ())),
    forecasts=(Forecast(4, 0.55, 1109, 900, 400, 0.99),),
)
CHANGES = (
    Change(
        "pool",
        "a",
        700,
        0,
        900,
        Share("a", 30, 0.3, 0, 1),
        Share("a", 10, 0.1, 0, 1),
        Interval(-0.3, -0.1),
        counterpart="b",
    ),
    Change(
        "pool",
        "b",
        700,
        0,
        800,
        Share("b", 30, 0.3, 0, 1),
        Share("b", 40, 0.4, 0, 1),
        Interval(0.05, 0.15),
        counterpart="a",
    ),
    Change(
        "pool",
        "c",
        700,
        0,
        800,
        Share("c", 0, 0.0, 0, 1),
        Share("c", 40, 0.4, 0, 1),
        Interval(0.2, 0.5),
        labelling=True,
    ),
)
WINDOWS = {"7d": 300, "14d": 600, "30d": 1001}
RATES = {"7d": Rate(0.85, 0.8, 0.9), "14d": Rate(0.9, 0.9, 0.9), "30d": Rate((7 * 0.85 + 23) / 30, 0.9, 1.1)}
SNAPSHOT = Snapshot(
    tip=BlockRow(1000, 5000, 0, A), tip_hash=NO_BLOCK, first_height=0, caught_up=True, registry="",
    concentration=tuple(Concentration("pool", Window.parse(name), blocks, 0) for name, blocks in WINDOWS.items()),
    tally=Tally(), signals=SIGNALS, estimates=Estimates(BEFORE_ALL, changes=CHANGES), network_rate=RATES,
)  # fmt: skip
VIEW = split_view(3)
VIEW = replace(VIEW, nodes=tuple(replace(each, followed=each.name == "far") for each in VIEW.nodes))
ECONOMY = EconomyView(
    10_000.0, (), changed={"usage": 9_000.0, "mining": 10_000.0 - 8 * 86_400},
    sources=tuple(
        EconomySource(
            name, name, "", licence="", attribution="", updated=name != "off",
            state=SourceState(
                name, "", fetched_at, origin=SourceOrigin.SHIPPED, checked_at=9_500.0, succeeded_at=succeeded_at
            ),
        )
        for name, fetched_at, succeeded_at in (
            ("epoch", 2_000.0, 6_000.0), ("openrouter", 1_000.0, None), ("huggingface", 0.0, None), ("off", 1.0, 1.0),
        )
    ),
)  # fmt: skip
AUDIT = AuditView(
    None, newest=LOST[0], drops={"a": 0.02, "unknown": 0.3},
    sanctioned=(
        SanctionedCase("5e4a", 995, (A, A, A), mined_by=A, mined_height=999),
        SanctionedCase("two", 995, (A, A), mined_by=None, mined_height=None),
    ),
)  # fmt: skip
BUILDERS = view_of(PoolSlug("a"), PoolSlug("b"), PoolSlug("c"))
NOW = AlertInputs(
    now=10_000.0, snapshot=SNAPSHOT, block_at=9_400.0, reorgs={6: 2}, stale=frozenset(LOST), conflicts={A: 1},
    node_away=0.0, node_behind=3, behind=12.0, self_check={"counts": 0, "chain": 3}, nodes=VIEW, economy=ECONOMY,
    audit=AUDIT, builders=BUILDERS, stratum=view_of_stratum(10_000.0, names=("foundryusa", "ocean", "sbicrypto")),
)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "samples"),
    [
        ("reorg_depth", {("6",): 2.0}),
        ("stale_block", {("7", "a"): 1.0, ("8", "unknown"): 1.0}),
        ("attribution_conflict", {("a",): 1.0}),
        ("share_change_ratio", {("b",): 0.1, ("c",): 0.0}),
        ("long_streak_probability", {("a",): 1e-4}),
        ("empty_ratio", {("7d",): 0.04}),
        ("network_hashrate_drop_ratio", {("7d",): pytest.approx(0.1)}),
        ("block_age_seconds", {(): 600.0}),
        ("node_away_seconds", {(): 0.0}),
        ("node_behind_blocks", {(): 3.0}),
        ("split_depth_blocks", {(): 3.0}),
        ("node_replaced", {("far",): 1.0}),
        ("audit_match_drop_ratio", {("a",): 0.02}),
        ("sanctioned_passed_over_ratio", {("5e4a",): 0.75}),
        ("new_template_group_pools", {("a-templates",): 1.0}),
        ("behind_seconds", {(): 12.0}),
        ("self_check_findings", {("counts",): 0.0, ("chain",): 3.0}),
        ("economy_source_stale_seconds", {("epoch",): 4_000.0, ("openrouter",): 9_000.0}),
        ("economy_direction_changed", {("usage",): 1.0}),
        ("pool_off_tip", {("foundryusa",): 0.0, ("ocean",): 1.0}),
        ("faulty_jobs", {("foundryusa",): 0.0, ("ocean",): 0.0, ("sbicrypto",): 0.0}),
    ],
)
def test_what_is_known_has_a_number(name: str, samples: dict[tuple[str, ...], float]) -> None:
    assert dict(METRIC_LOOKUP.read([name], NOW)[name].samples) == samples


def test_all_facts_are_tried() -> None:
    assert {fact.name for fact in ALERT_METRICS} == set(METRIC_LOOKUP.alert_metrics)
    assert len(ALERT_METRICS) == 21


def test_what_is_not_known_has_none() -> None:
    nothing = METRIC_LOOKUP.read([*METRIC_LOOKUP.alert_metrics, "hhi", "no such thing"], AlertInputs(now=1.0))

    assert set(nothing) == {"reorg_depth", "attribution_conflict"}  # nothing happened
    assert all(numbers.samples == () for numbers in nothing.values())


def samples(name: str, view: NodesView) -> tuple[tuple[tuple[str, ...], float], ...] | None:
    found = METRIC_LOOKUP.read([name], replace(NOW, nodes=view)).get(name)
    return found.samples if found else None


def test_a_split_is_over_only_when_it_is_known_where_the_nodes_are() -> None:
    agreeing = NodesView(tuple(replace(each, relation=Relation.SAME) for each in split_view(3).nodes))
    home, friend, far = agreeing.nodes
    unknown = replace(friend, relation=Relation.UNKNOWN)
    silent = replace(unknown, up=False)

    assert samples("split_depth_blocks", agreeing) == (((), 0.0),)
    for nodes in (
        (replace(home, relation=Relation.UNKNOWN), friend, far),
        (home, unknown, far),
        (home, replace(silent, starting=True), far),
        (home, replace(silent, relation=Relation.BRANCH), far),
    ):
        assert samples("split_depth_blocks", NodesView(nodes)) is None
        assert NodesView(nodes).agree is None
    assert samples("split_depth_blocks", NodesView((home, silent, far))) == (((), 0.0),)
    assert NodesView((home, silent, far)).agree
    assert samples("split_depth_blocks", replace(split_view(3), nodes=(home, unknown, far))) == (((), 3.0),)


def test_nobody_stands_in_only_when_the_counted_node_answers() -> None:
    home, friend, far = split_view(3).nodes
    assert samples("node_replaced", NodesView((home, friend, far))) == ()
    assert samples("node_replaced", NodesView((replace(home, up=False), friend, far))) is None


def test_metrics_are_read_from_the_snapshot() -> None:
    assert METRIC_LOOKUP.read(["block_height"], NOW)["block_height"].samples == (((), 1000),)


@pytest.mark.parametrize(
    ("name", "labels", "sentence"),
    [
        (
            "long_streak_probability", {"pool": "a"},
            "a mined the last 5 blocks. A streak of this length is expected by chance about 3 times a year; "  # noqa: ISC004
            "the pool's longest streak in the longest window is 6 blocks.",
        ),
        (
            "share_change_ratio", {"pool": "a"},
            "a: 30.0 % (95 % interval 0.0–100.0 %) of the blocks before about block 700, "  # noqa: ISC004
            "10.0 % (95 % interval 0.0–100.0 %) since (-20.0 points, 95 % interval -30.0 to -10.0); the change was "
            "detected at block 900. b: 30.0 % (95 % interval 0.0–100.0 %) of the blocks before about block 700, "
            "40.0 % (95 % interval 0.0–100.0 %) since (+10.0 points, 95 % interval +5.0 to +15.0); the change was "
            "detected at block 800. Hashrate may have moved from one to the other.",
        ),
        (
            "network_hashrate_drop_ratio", {"window": "7d"},
            "The network's hashrate over 7d is 0.0 EH/s (95 % interval 0.0–0.0).",
        ),
        (
            "stale_block", {"height": "8", "pool": "unknown"},
            "The block lost a race of depth 2 from block 7 on; it was won by other pools.",
        ),
        ("empty_ratio", {"window": "7d"}, "Most empty blocks: a 3 of 90, unknown 1 of 10."),
        (
            "signalling_threshold_probability", {"bit": "4", "threshold": "0.55"},
            "900 of the required 1,109 blocks signal bit 4; 400 blocks remain in this retarget period.",
        ),
    ],
)  # fmt: skip
def test_details_of_a_sample(name: str, labels: dict[str, str], sentence: str) -> None:
    assert " ".join(details(name, labels, SNAPSHOT)) == sentence
    assert list(details(name, labels, replace(SNAPSHOT, signals=None, estimates=None, network_rate={}))) == []


def test_a_change_of_labels_is_told_as_one() -> None:
    assert " ".join(details("share_change_ratio", {"pool": "c"}, SNAPSHOT)).endswith(
        "Blocks of unknown miners changed by as much the other way: labels changed, probably not hashrate."
    )


def test_windows_that_the_history_does_not_fill_have_no_samples() -> None:
    partly = [each._replace(complete=0.9) if each.window.name == "30d" else each for each in SNAPSHOT.concentration]
    begun = replace(SNAPSHOT, concentration=tuple(partly))
    assert incomplete_windows(SNAPSHOT) == frozenset()
    assert incomplete_windows(begun) == {"30d"}

    young = replace(NOW, snapshot=begun, incomplete=incomplete_windows(begun))
    found = METRIC_LOOKUP.read(["window_blocks", "share_change_ratio", "network_hashrate_drop_ratio"], young)

    assert dict(found["window_blocks"].samples) == {("7d",): 300, ("14d",): 600}
    assert found["network_hashrate_drop_ratio"].samples == ()  # what was before is not known
    assert "share_change_ratio" not in found
