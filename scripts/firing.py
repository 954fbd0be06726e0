"""How often the rules on shares fire, by the true share: a section of docs/backtest.md.

    .venv/bin/python scripts/firing.py [--years N]

Blocks are drawn with a known true share, and each rule of config/alerts.toml on a share is evaluated at every block as
the daemon does it: the same window of header time, the same posterior, the same duration. `scripts/backtest.py` puts
the tables into the page. Seeded: the same rules give the same tables.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from monitor.alerts.loading import read_rules
from monitor.alerts.rules import Rule
from monitor.analysis.uncertainty.intervals import probabilities_above, rate_factors
from monitor.analysis.uncertainty.share_probability import THRESHOLDS
from monitor.backtest.simulation import BLOCK_SECONDS, BLOCKS_A_YEAR, DRIFT, RETURN_DAYS, STEP, walk
from monitor.config import shipped
from monitor.model import Window

TRUE_SHARES: Final = (0.25, 0.3, 0.32, 0.33, 0.34, 0.36, 0.4, 0.44, 0.46, 0.47, 0.48, 0.49, 0.5, 0.51, 0.52, 0.55)
BEFORE: Final = 0.3
"""The share before a jump."""
SOON: Final = 30
"""Days in which a jump should be told."""
DROPS: Final = (0, 0.05, 0.1, 0.15, 0.2, 0.3)
"""Of the network's hashrate."""
_DAY_SECONDS: Final = 86_400
HASHRATE: Final = "hashrate_drop"
"""The rule on the network's hashrate."""
_SHARE_RULES: Final = frozenset({"share_above_probability", "top_share_ratio"})

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Condition:
    """What several rules ask of the blocks of one entity, or of the two largest together."""

    rules: tuple[str, ...]
    seconds: int
    limit: float
    """The share that it is about."""
    least: NDArray[np.int64]
    """By the number of blocks in the window: how many of the entity fulfil the condition."""
    for_blocks: int

    def fires(self, found: NDArray[np.bool_], times: Numbers, start: int) -> int | None:
        """The first block, `start` or later, at which an alert fires; None if there is none."""
        counts = np.concatenate(([0], np.cumsum(found)))
        first = np.searchsorted(times, times - self.seconds, side="right")
        ends = np.arange(1, len(times) + 1)
        true = (counts[ends] - counts[first] >= self.least[ends - first])[start:]
        return _lasting(true, self.for_blocks, start)


def _lasting(true: NDArray[np.bool_], for_blocks: int, start: int) -> int | None:
    """Where a condition that is looked at from the block `start` on has lasted for so many blocks more."""
    lasted = np.concatenate(([0], np.cumsum(true)))
    many = for_blocks + 1
    fired = np.flatnonzero(lasted[many:] - lasted[:-many] == many)
    return start + int(fired[0]) + for_blocks if len(fired) else None


def conditions(rules: Sequence[Rule]) -> list[Condition]:
    """The conditions of the rules on shares; rules that ask the same of different levels are one."""
    found: dict[tuple[object, ...], list[Rule]] = {}
    for rule in rules:
        if rule.value in _SHARE_RULES:
            labels = [rule.where.get(label) for label in ("window", "threshold", "n")]
            found.setdefault((rule.value, *labels, rule.enter, rule.for_blocks), []).append(rule)
    return [_condition(same) for same in found.values()]


def _condition(rules: Sequence[Rule]) -> Condition:
    rule = rules[0]
    seconds = Window.parse(rule.where["window"][0]).expected_seconds
    totals = np.arange(2 * seconds // BLOCK_SECONDS)
    if rule.value == "top_share_ratio":
        least, limit = np.floor(rule.enter * totals).astype(np.int64) + 1, 0.5
    else:
        limit = THRESHOLDS[rule.where["threshold"][0]]
        least = _least(totals, limit, rule.enter)
    return Condition(tuple(each.name for each in rules), seconds, limit, least=least, for_blocks=rule.for_blocks)


def _least(totals: NDArray[np.int64], limit: float, enter: float) -> NDArray[np.int64]:
    """By bisection: the fewest blocks of each total with a probability above `enter` that the share exceeds `limit`."""
    below, above = np.full(len(totals), -1), totals.copy()
    while (open_ := above - below > 1).any():
        middle = (below + above) // 2
        enough = np.array(probabilities_above(limit, middle.clip(0).tolist(), totals.tolist())) > enter
        above, below = np.where(open_ & enough, middle, above), np.where(open_ & ~enough, middle, below)
    return np.maximum(above, 1)


@dataclass(frozen=True)
class Fired:
    """Of one condition and true share."""

    constant: float
    """Share of the years of a constant share in which it fires."""
    drifting: float
    """The same for a share that drifts around it."""
    early: float
    """Share of the years of drift in which it first fires although the true share of its window is below its limit."""


def by_true_share(condition: Condition, share: float, years: int) -> Fired:
    """Simulate years, each after the blocks that fill the window."""
    chance = np.random.default_rng([17, round(1000 * share)])
    full = 2 * condition.seconds // BLOCK_SECONDS
    fired, drifted, early = 0, 0, 0
    for _ in range(years):
        times = _times(chance, full + BLOCKS_A_YEAR)
        fired += condition.fires(chance.random(len(times)) < share, times, full) is not None
        true = drifting(share, len(times), chance)
        at = condition.fires(chance.random(len(times)) < true, times, full)
        drifted += at is not None
        window = condition.seconds // BLOCK_SECONDS
        early += at is not None and bool(true[at - window : at].mean() < condition.limit)
    return Fired(fired / years, drifted / years, early / years)


def drifting(share: float, blocks: int, chance: np.random.Generator) -> Numbers:
    """A true share for each block: a random walk of its logarithm that comes back to `share`."""
    logarithm = walk(-(-blocks // STEP), np.array(DRIFT[:1]), chance)[:, 0]
    return np.repeat(np.minimum(share * np.exp(logarithm), 1), STEP)[:blocks]


def delays(condition: Condition, share: float, samples: int) -> Numbers:
    """Days from a jump to `share` until the alert; infinite after half a year."""
    chance = np.random.default_rng([19, round(1000 * share)])
    full, days = 2 * condition.seconds // BLOCK_SECONDS, []
    for _ in range(samples):
        times = _times(chance, full + BLOCKS_A_YEAR // 2)
        true = np.where(np.arange(len(times)) < full, BEFORE, share)
        at = condition.fires(chance.random(len(times)) < true, times, full)
        days.append(np.inf if at is None else (times[at] - times[full]) / _DAY_SECONDS)
    return np.array(days)


def drop_told(rule: Rule, drop: float, samples: int) -> tuple[float, float]:
    """How often the rule on the network's hashrate tells of a loss within `SOON` days; the median of its days."""
    chance, days = np.random.default_rng([23, round(1000 * drop)]), []
    week, month = (Window.parse(name).expected_seconds for name in (rule.where["window"][0], "30d"))
    upper = np.array([2.0, *(factor for _, factor in rate_factors(range(1, 3 * week // BLOCK_SECONDS)))])
    full = 2 * month // BLOCK_SECONDS
    for _ in range(samples):
        pauses = chance.exponential(BLOCK_SECONDS, full + SOON * _DAY_SECONDS // BLOCK_SECONDS)
        pauses[full:] /= 1 - drop
        times = np.cumsum(pauses)
        ends = np.arange(1, len(times) + 1)
        recent, both = (ends - np.searchsorted(times, times - span, side="right") for span in (week, month))
        least = 1 - recent * upper[recent] / week / (np.maximum(both - recent, 1) / (month - week))
        at = _lasting((least > rule.enter)[full:], rule.for_blocks, full)
        days.append(np.inf if at is None else (times[at] - times[full]) / _DAY_SECONDS)
    return float(np.mean(np.array(days) <= SOON)), float(np.median(days))


def _times(chance: np.random.Generator, blocks: int) -> Numbers:
    return np.cumsum(chance.exponential(BLOCK_SECONDS, blocks))


def sections(rules: Sequence[Rule], years: int) -> Iterator[str]:
    """The lines of the section."""
    known = conditions(rules)
    yield f"""
## By the true share

How often a rule on a share fires, by the true share of hashrate of its entity (of both entities, for the rules on two),
in per cent of {years} simulated years with a constant share. In brackets: years with a share that drifts around the
true one ({DRIFT[0]:.1%} a day, time constant {RETURN_DAYS} days), which is above the limit for part of many years, so
that the alert is right; after the slash, years in which the first alert came too early, while the mean of the true
share over the rule's window was below the limit.
"""
    yield "| true share | " + " | ".join(map(_named, known)) + " |"
    yield "|---:|" + "---:|" * len(known)
    for share in TRUE_SHARES:
        cells: list[str] = []
        for each in known:
            one = by_true_share(each, share, years)
            cells.append(f"{100 * one.constant:.1f} ({100 * one.drifting:.1f} / {100 * one.early:.1f})")
        yield f"| {share:.0%} | {' | '.join(cells)} |"
    yield f"""
How long it takes after a jump from {BEFORE:.0%}: median days until the alert, and in brackets the per cent of {years}
jumps reported within {SOON} days.

| share after | {" | ".join(map(_named, known))} |
|---:|{"---:|" * len(known)}"""
    for share in (0.4, 0.52, 0.55, 0.6):
        cells = []
        for each in known:
            days = delays(each, share, years)
            median = f"{np.median(days):.1f}" if np.isfinite(np.median(days)) else "never"
            cells.append(f"{median} ({100 * (days <= SOON).mean():.1f})")
        yield f"| {share:.0%} | {' | '.join(cells)} |"


def hashrate_section(rule: Rule, samples: int) -> Iterator[str]:
    """The lines of the section on the network's hashrate."""
    yield f"""
## The network's hashrate

`{rule.name}` fires at a loss of at least {rule.enter:.0%}, by the 95 % interval of a week's hashrate against the 23
days before it. How often and when it reports a sudden loss, in {samples} simulations each:

| true loss | within {SOON} days, % | median days |
|---:|---:|---:|"""
    for drop in DROPS:
        often, days = drop_told(rule, drop, samples)
        yield f"| {drop:.0%} | {100 * often:.1f} | {f'{days:.1f}' if np.isfinite(days) else '-'} |"


def _named(condition: Condition) -> str:
    return ", ".join(f"`{name}`" for name in condition.rules)


def main() -> None:
    """Print the sections."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    asked.add_argument("--years", type=int, default=400)
    years = asked.parse_args().years
    rules = read_rules(shipped("alerts.toml"))
    print("\n".join([*sections(rules, years), *hashrate_section(next(r for r in rules if r.name == HASHRATE), years)]))


if __name__ == "__main__":
    main()
