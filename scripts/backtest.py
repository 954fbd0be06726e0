"""Writes docs/backtest.md from the results of backtests.

    pool-monitor backtest FILE --format json > real.json
    pool-monitor backtest FILE --simulate --years 10 --format json > constant.json
    pool-monitor backtest FILE --simulate --years 20 --drift 1 --format json > drift.json
    .venv/bin/python scripts/firing.py > firing.md
    .venv/bin/python scripts/backtest.py real.json constant.json drift.json firing.md > docs/backtest.md

FILE has a row for each block, with height, time and pool, as CSV or Parquet.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias

from generated import wrapped

from monitor.alerts.loading import read_rules
from monitor.config import shipped

_Report: TypeAlias = Mapping[str, Any]
_NOT_STORED = {"it is not stored": "has no past", "it needs stored blocks": "needs whole blocks"}


def main(arguments: Sequence[str]) -> int:
    """Print the page."""
    if len(arguments) != 4:
        print(__doc__, file=sys.stderr)
        return 2
    real, constant, drift = (json.loads(Path(each).read_text("utf-8")) for each in arguments[:3])
    firing = Path(arguments[3]).read_text("utf-8").rstrip("\n")
    sys.stdout.write(wrapped("\n".join([*_head(real, constant, drift), firing, *_alerts(real), _METHOD])))
    return 0


def _head(real: _Report, constant: _Report, drift: _Report) -> Iterator[str]:
    yield f"""\
<!-- Made by `scripts/backtest.py`: change it there. -->
# Backtest of the alerts

The alerts of the [shipped rules](../config/alerts.toml) on mainnet from 2021 to 2025, their false alarms in simulated
years, and how often each fires by the true share. Users disable rules with false alarms, so the rules were chosen by
these tables.

```
pool-monitor backtest mainnet_blocks_2021_2025.parquet
pool-monitor backtest mainnet_blocks_2021_2025.parquet --simulate --years 10
pool-monitor backtest mainnet_blocks_2021_2025.parquet --simulate --years 20 --drift 1
.venv/bin/python scripts/firing.py
```

The file is every block of mainnet from 664,063 to 930,340 with height, time and pool, from
github.com/sorukumar/bitcoin-mining-pools (2026-04, BSD-2-Clause); any CSV or Parquet file with these columns can be
used; without a file the command uses the stored blocks. [The source lacks labels](history.md#labels-that-are-missing)
of some blocks of 2021.

**Warm-up.** A rule on a window is evaluated only when the blocks fill it, here from the 31st day on; one on changes
or streaks, which are computed from the longest window, after a year. The daemon is silent for as long: so what is
told does not depend on where the history begins. Blocks before the longest window have no influence at all; what
remains is that an alert between its two thresholds keeps its state.

**Simulated chains.** The pool of each block is drawn at random from the blocks of 2025, and blocks are a Poisson
process with a mean of ten minutes. With constant shares every alert is either chance, or a condition that already
held in 2025. With drift the logarithms of the pools' shares do random walks, by 0.7 % a day for the two largest, 1.1
% for the next two and 1.8 % for the rest, as was measured on 2025 and 2026, and return with a time constant of a
year: then an alert may be right. {constant["years"]:.0f} years, {constant["blocks"]:,} blocks, and
{drift["years"]:.0f} years with drift, seed 0. `up to` is the upper end of the 95 % credible interval of the rate.

| Rule | Severity | Alerts, 2021 to 2025 | a year | of the time | Constant shares | a year | up to |
|---|---|---:|---:|---:|---:|---:|---:|"""
    known, steady = _by_rule(real), _by_rule(constant)
    changed = _by_rule(drift)["share_changed"]
    for rule in read_rules(shipped("alerts.toml")):
        yield f"| `{rule.name}` | {rule.severity} | {_cells(rule.name, known, steady, real)} |"
    yield f"""
With drift, when a change may be real, `share_changed` fires {changed["per_year"]:.2f} times a year: the usual drift is
no change.

"Whole blocks" are those in the store: a file of heights, times and pools has no coinbases, difficulty, stale blocks or
version bits. `pool-monitor backtest` without a file evaluates these rules on the stored blocks.

Most rules without a rate report facts rather than estimates: a stale block, a reorganisation, contradictory evidence,
or a node or monitor that is away or behind. Three are different. `empty_blocks` needs 31 of a week's 1,008 blocks: if
one block in a hundred is empty, the probability of this is about one in 13,000,000. `signalling_threshold` is a
forecast that says 99 % for 36 blocks in a row: of 1,776 alerts in 4,000 simulated periods, each with a constant rate
within two percentage points of the threshold, 12 were false (`scripts/signalling_alarms.py`). `hashrate_drop` has its
own table below."""


def _by_rule(report: _Report) -> dict[str, _Report]:
    return {result["rule"]: result for result in report["rules"]}


def _cells(rule: str, known: Mapping[str, _Report], steady: Mapping[str, _Report], real: _Report) -> str:
    if rule not in known:
        reason = real["not_judged"].get(rule, "it needs stored blocks")
        return f"{_NOT_STORED.get(reason, reason)} | | | | |"
    found, chance = known[rule], steady.get(rule)
    cells = [str(found["alerts"]), f"{found['per_year']:.2f}", f"{100 * found['firing_ratio']:.1f} %"]
    rates = (chance["alerts"], f"{chance['per_year']:.2f}", f"{chance['per_year_upper']:.2f}") if chance else ("",) * 3
    cells += map(str, rates)
    return " | ".join(cells)


def _alerts(real: _Report) -> Iterator[str]:
    yield """
## Alerts of 2021 to 2025

| Began | Lasted, days | Rule | Summary |
|---|---:|---|---|"""
    episodes = [(each["began"], result["rule"], each) for result in real["rules"] for each in result["episodes"]]
    for began, rule, each in sorted(episodes, key=lambda one: one[:2]):
        yield f"| {began[:10]} | {_days(each)} | `{rule}` | {each['summary']} |".replace("`", "")
    quiet = [f"`{result['rule']}`" for result in real["rules"] if not result["alerts"]]
    yield f"\nNever: {', '.join(quiet)}."


def _days(episode: _Report) -> str:
    if episode["ended"] is None:
        return "still firing"
    began, ended = (datetime.fromisoformat(episode[name]) for name in ("began", "ended"))
    return f"{(ended - began).total_seconds() / 86_400:.1f}"


_METHOD = """
Simple thresholds would fire much more often. In the year to April 2026 the Nakamoto coefficient of a day's blocks
changed almost four times a day, and a pool with 30 % of the hashrate passed 45 % of a day's blocks.

## Method

The rules are evaluated as in the daemon, on the same numbers, with header times as clock. A rule is evaluated whenever
its number can have reached the threshold, which gives the same alerts as an evaluation at every block ([decision
18](adr/0018-alerts.md)). Three things differ:

- Without blocks, rules are evaluated every ten minutes; in the daemon every fifteen seconds.
- Numbers that take a tenth of a second (intervals of indices, trends, signalling, empty blocks) are evaluated every 144
  blocks.
- Rules about the node and the monitor itself cannot be evaluated.

`--rules FILE` tries others. Before you lower a threshold, look at what it does to the false alarms."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
