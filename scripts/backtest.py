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

How often the [shipped rules](../config/alerts.toml) fired on mainnet from 2021 to 2025, how often falsely in simulated
years, and how often by the true share. The thresholds were chosen by these tables.

```
pool-monitor backtest mainnet_blocks_2021_2025.parquet
pool-monitor backtest mainnet_blocks_2021_2025.parquet --simulate --years 10
pool-monitor backtest mainnet_blocks_2021_2025.parquet --simulate --years 20 --drift 1
.venv/bin/python scripts/firing.py
```

The file has height, time and pool of every block of mainnet from 664,063 to 930,340, from
github.com/sorukumar/bitcoin-mining-pools (2026-04, BSD-2-Clause), which
[lacks labels of some blocks of 2021](history.md#labels-that-are-missing). Any CSV or Parquet file with these columns
will do; without a file the command uses the stored blocks.

**Warm-up.** [As in the daemon](alerts.md#a-rule), a rule on a window is evaluated once the blocks fill it, here from
the 31st day on; rules on changes and streaks need a year.

**Simulated chains.** The pool of each block is drawn at random from the blocks of 2025; blocks are a Poisson process
with a mean of ten minutes. With *constant shares* every alert is chance, or a condition that held in 2025 already:
{constant["years"]:.0f} years, {constant["blocks"]:,} blocks, seed 0. With *drift*
([as measured](accuracy.md#the-share-now), returning with a time constant of a year) an alert may be right:
{drift["years"]:.0f} years. *Up to*: upper end of the 95 % credible interval of the rate.

| Rule | Severity | Alerts, 2021 to 2025 | a year | of the time | Constant shares | a year | up to |
|---|---|---:|---:|---:|---:|---:|---:|"""
    known, steady = _by_rule(real), _by_rule(constant)
    changed = _by_rule(drift)["share_changed"]
    for rule in read_rules(shipped("alerts.toml")):
        yield f"| `{rule.name}` | {rule.severity} | {_cells(rule.name, known, steady, real)} |"
    yield f"""
With drift `share_changed` fires {changed["per_year"]:.2f} times a year: the usual drift is no change.

*Needs whole blocks*: the file has no coinbases, difficulty, stale blocks or version bits; `pool-monitor backtest`
without a file evaluates these rules on the stored blocks.

Most rules without a rate report facts, such as a stale block or a node that is away. Three do not:

- `empty_blocks` needs 31 of a week's 1,008 blocks: if one block in a hundred is empty, the probability of this is about
  one in 13,000,000.
- `signalling_threshold` needs a forecast of 99 % for 36 blocks in a row: of 1,776 alerts in 4,000 simulated periods,
  each with a constant rate within two percentage points of the threshold, 12 were false
  (`scripts/signalling_alarms.py`).
- `hashrate_drop` has [a table of its own](#the-networks-hashrate)."""


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
Simple thresholds would fire much more often: in the year to April 2026 the Nakamoto coefficient of a day's blocks
changed almost four times a day, and a pool with 30 % of the hashrate passed 45 % of a day's blocks.

## Method

The rules are evaluated as in the daemon, on the same numbers, with header times as clock, and give the same alerts as
an evaluation at every block ([decision 18](adr/0018-alerts.md)). Three things differ:

- Without blocks, rules are evaluated every ten minutes; in the daemon every fifteen seconds.
- Intervals of indices, trends, signalling and empty blocks, which take a tenth of a second, are evaluated every 144
  blocks.
- Rules about the node and the monitor itself cannot be evaluated.

`--rules FILE` tries other rules. Before you lower a threshold, see what it does to the false alarms."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
