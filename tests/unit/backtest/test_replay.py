"""Rules over a past: what is found is what looking at each block would find, and it is what happened."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from monitor.alerts.loading import METRIC_LOOKUP
from monitor.alerts.parse import parse
from monitor.alerts.rules import Rule
from monitor.analysis import POOL, Level
from monitor.analysis.uncertainty.alternatives import UncertainMembership
from monitor.backtest import skipping
from monitor.backtest.replay import Episode, Replay, ReplayedBlock, Scope
from monitor.backtest.skipping import NO_SKIP, Skip, SkipPlanner
from monitor.model import BlockHash, BlockRow, PoolSlug, Race, Window

T0 = 1_700_000_000
WINDOWS = tuple(map(Window.parse, ("1d", "36h", "120b", "200b")))
YEAR = Window.parse("1y")
PARITY = Level("parity", lambda row: "even" if row.height % 2 == 0 else "odd")


def when(episode: Episode) -> tuple[float, str]:
    """What orders episodes: alerts of one block come in the order in which windows are computed."""
    return episode.alert.since, episode.alert.key


def rule(text: str) -> Rule:
    """One rule, of which only what matters is written."""
    (found,) = parse(f'[[rule]]\nname = "r"\nseverity = "info"\nsummary = "s"\n{text}', METRIC_LOOKUP, origin="test")
    return found


def chain(shares: list[tuple[int, dict[str, float]]], *, seed: int = 1, backwards: bool = False) -> list[BlockRow]:
    """Blocks drawn from shares, so many from each; None is the unknown. Header times may go back."""
    chance = np.random.default_rng(seed)
    rows: list[BlockRow] = []
    now = float(T0)
    for blocks, share in shares:
        pools = list(share)
        for drawn in chance.choice(len(pools), size=blocks, p=list(share.values())):
            now += chance.exponential(600)
            shift = chance.normal(0, 900) if backwards else 0.0
            pool = PoolSlug(pools[drawn]) if pools[drawn] else None
            rows.append(BlockRow(len(rows), int(now + shift), 0x1D00FFFF, pool))
    return rows


def found(one: Rule, rows: list[BlockRow], windows: tuple[Window, ...] = WINDOWS) -> list[Episode]:
    return episodes([one], rows, windows)


def episodes(
    rules: Sequence[Rule], rows: list[BlockRow], windows: tuple[Window, ...] = WINDOWS, *, warm: int = 0
) -> list[Episode]:
    replay = Replay(rules, Scope((POOL, PARITY), windows))
    for row in rows[:warm]:
        replay.warm(row)
    for row in rows[warm:]:
        replay.take(ReplayedBlock(row))
    return replay.episodes


RISE = [(200, {"a": 0.4, "b": 0.35, "": 0.25}), (170, {"a": 0.62, "b": 0.33, "": 0.05}), (150, {"a": 0.3, "b": 0.7})]


FULL = 130
"""Blocks after which the windows of `RULES` have enough of them for rules to be skipped."""
RULES = (
    'value = "share_above_probability"\nwhere = { window = "36h", threshold = "0.5" }\nabove = 0.95\nuntil = 0.5',
    'value = "share_above_probability"\nwhere = { window = "200b", threshold = "0.333" }\nabove = 0.999',
    'value = "share_above_probability"\nwhere = { window = "*b", threshold = "*" }\nabove = 0.9\nuntil = 0.6',
    'value = "share_ratio"\nwhere = { level = "pool", window = ["36h", "120b"] }\nabove = 0.5\nuntil = 0.45',
    'value = "share_ratio"\nwhere = { level = "parity", window = "1d" }\nabove = 0.503',
    'value = "share_ratio"\nwhere = { entity = "b*", window = "200b" }\nbelow = 0.34\nuntil = 0.36\nfor_blocks = 9',
    'value = "hhi"\nwhere = { level = "pool", window = "*[dh]", unknown = "merged" }\nabove = 4000\nuntil = 3900',
    'value = "hhi_unbiased"\nwhere = { level = "pool", window = "36h", unknown = "split" }\nabove = 4200',
    'value = "top_share_ratio"\nwhere = { window = "200b", unknown = "split", n = "2" }\nabove = 0.9\nuntil = 0.8',
    'value = "window_attributed_ratio"\nwhere = { window = "36h" }\nbelow = 0.8\nuntil = 0.9\ncooldown = "6h"',
    'value = "nakamoto_coefficient"\nwhere = { level = "pool", window = "120b" }\nbelow = 2',
)


@pytest.mark.simulation
@pytest.mark.parametrize("backwards", [False, True], ids=["in order", "times go back"])
def test_skipping_misses_nothing(*, backwards: bool) -> None:
    rows = chain(RISE, backwards=backwards)
    rules = [replace(rule(text), name=f"rule {at}") for at, text in enumerate(RULES)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SkipPlanner, "skip", lambda *_, **__: NO_SKIP)
        at_every_block = episodes(rules, rows, warm=FULL)

    assert {each.alert.rule for each in at_every_block} == {each.name for each in rules}, "a test of nothing"
    for one in rules:  # alone: what is computed for one rule ends the skip of another
        expected = [each for each in at_every_block if each.alert.rule == one.name]
        assert sorted(episodes([one], rows, warm=FULL), key=when) == sorted(expected, key=when)


@pytest.mark.parametrize("value", skipping.SPEED)
def test_a_rule_far_from_its_threshold_is_skipped(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[SkipPlanner] = []
    skip = SkipPlanner.skip

    def counted(self: SkipPlanner, *what: Any, **how: Any) -> Skip:  # noqa: ANN401 -- as it is called
        looks.append(self)
        return skip(self, *what, **how)

    monkeypatch.setattr(SkipPlanner, "skip", counted)

    far = rule(f'value = "{value}"\nabove = {20_000 if "hhi" in value else 2}')
    found(far, chain(2 * RISE), (Window.parse("3d"),))

    assert len(looks) < sum(blocks for blocks, _ in 2 * RISE) / 4


def test_a_pause_is_seen_while_it_lasts() -> None:
    rows = chain([(50, {"a": 1.0})])
    rows = [*rows[:30], *(replace(row, time=row.time + 20_000) for row in rows[30:])]

    (one,) = found(rule('value = "block_age_seconds"\nabove = 9000\nuntil = 600'), rows)

    assert rows[29].time + 9000 < one.alert.since <= rows[29].time + 9600
    assert one.ended == rows[30].time


def test_intervals_leave_open_what_memberships_do() -> None:
    home = Level("home", lambda row: "here" if row.pool == "a" else "there")
    disputed = UncertainMembership("home", PoolSlug("b"), (), (("there",), ("here",)))
    half = rule('value = "share_upper_ratio"\nwhere = { level = "home", entity = "here", window = "1d" }\nabove = 0.9')

    def alerts(*questions: UncertainMembership) -> list[Episode]:
        replay = Replay([half], Scope((POOL, home), WINDOWS[:1], questions=questions))
        for row in chain([(800, {"a": 0.5, "b": 0.5})]):
            replay.take(ReplayedBlock(row))
        return replay.episodes

    assert alerts() == []
    assert alerts(disputed)


def test_a_streak_is_judged_by_the_share_before_it() -> None:
    rows = chain([(2000, {"a": 0.9, "b": 0.1}), (9, {"b": 1.0}), (20, {"a": 1.0})])

    (one,) = found(rule('value = "long_streak_probability"\nbelow = 1e-7'), rows)

    assert one.alert.labels == {"pool": "b"}
    assert 2005 <= (one.alert.height or 0) <= 2008
    assert one.ended == rows[2009].time


def test_a_change_of_a_share_is_told_once_and_by_day() -> None:
    rows = chain([(8000, {"a": 0.3, "b": 0.7}), (6000, {"a": 0.5, "b": 0.5})])

    episodes = found(rule('value = "share_change_ratio"\nwhere = { pool = "a" }\nabove = 0.1'), rows, (YEAR,))

    assert len(episodes) == 1
    assert (episodes[0].alert.height or 0) % 144 == 143
    assert 8000 < (episodes[0].alert.height or 0) < 9500


def test_a_reorganisation_is_told_with_the_block_that_ends_it() -> None:
    rows = chain([(5, {"a": 1.0})])
    race = Race(2, T0, (BlockHash("22" * 32), BlockHash("33" * 32)), losers=(PoolSlug("b"), None), winners=())
    rules = [
        rule('value = "reorg_depth"\nabove = 1\nkeep = "1h"'),
        replace(rule('value = "stale_block"\nabove = 0'), name="stale"),
        replace(rule('value = "attribution_conflict"\nabove = 0'), name="conflict"),
    ]
    replay = Replay(rules, Scope((POOL,), WINDOWS))
    for row in rows:
        replay.take(ReplayedBlock(row, conflict=row.height == 1, race=race if row.height == 4 else None))

    assert [(one.alert.rule, dict(one.alert.labels), one.alert.height) for one in replay.episodes] == [
        ("conflict", {"pool": "a"}, 1),
        ("r", {"height": "1"}, 4),
        ("stale", {"height": "2", "pool": "b"}, 4),
        ("stale", {"height": "3", "pool": "unknown"}, 4),
    ]


def test_what_takes_long_to_estimate_is_looked_at_once_a_day() -> None:
    rows = chain([(700, {"a": 0.6, "b": 0.4})])

    (one,) = found(rule('value = "hhi_lower"\nwhere = { level = "pool", window = "36h" }\nabove = 1'), rows)

    assert one.alert.height == 143


def test_alerts_do_not_depend_on_where_the_history_begins() -> None:
    rows, window = chain(3 * [(2500, {"a": 0.2, "b": 0.8}), (2500, {"a": 0.5, "b": 0.5})]), Window.parse("20d")
    rules = [rule('value = "share_change_ratio"\nabove = 0.01')]

    whole, late = (episodes(rules, rows[begin:], (window,)) for begin in (0, 1500))

    filled = next(row.time for row in rows if row.time >= rows[1500].time + window.expected_seconds)
    settled = filled + window.expected_seconds  # what had fired before has ended
    assert all(one.alert.since >= filled for one in late)
    told = [[when(one) for one in found if one.alert.since > settled] for found in (whole, late)]
    assert len(told[0]) >= 3
    assert told[0] == told[1]


def test_the_risk_of_the_largest_is_looked_at_once_a_day() -> None:
    rows = [replace(row, height=row.height + 1) for row in chain([(9000, {"a": 0.3, "b": 0.7})])]
    risk = rule('value = "confirmation_risk_ratio"\nwhere = { level = "pool", confirmations = "6" }\nabove = 0.5')

    (one,) = found(risk, rows, (Window.parse("7d"), Window.parse("30d")))

    assert (one.alert.height or 0) % 144 == 143
    assert one.alert.since >= rows[0].time + Window.parse("30d").expected_seconds


def test_a_rule_by_window_does_not_end_because_another_level_is_counted() -> None:
    rows = chain([(300, {"a": 0.9, "": 0.1}), (300, {"a": 0.5, "": 0.5})])
    share = rule('value = "share_ratio"\nwhere = { level = "parity", window = "1d" }\nabove = 0.503')
    known = replace(
        rule('value = "window_attributed_ratio"\nwhere = { window = "36h" }\nbelow = 0.8\nuntil = 0.9'), name="known"
    )

    both = [one for one in episodes([share, known], rows) if one.alert.rule == "known"]

    assert both == episodes([known], rows)
    assert both
