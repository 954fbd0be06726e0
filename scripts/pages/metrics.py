"""Every metric: name, kind, labels, meaning."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import Counter, Gauge, Histogram

from monitor.model import PREFIX
from monitor.outputs.metrics import CATALOGUE
from monitor.vitals import Vitals

_HEAD = f"""\
# Metrics

Served at `/metrics`, as Prometheus text or OpenMetrics, whichever the request accepts. Every name begins with
`{PREFIX}_`. A scrape reads numbers that were computed when the newest block came, and asks the node nothing.
[The glossary](glossary.md) has each formula and its source.
"""
_LABELS = {
    "level": "[whom blocks are counted for](glossary.md#what-is-counted)",
    "entity": "one of those who are counted at that level: at `pool`, a pool's slug",
    "window": "which blocks are counted, as configured: `24h`, `2016b`",
    "unknown": "how blocks of unknown miners count: `split`, each its own miner, or `merged`, all of them one",
    "n": "how many of the largest: 1, 2 or 3",
    "pool": "a pool's slug; `unknown` where nobody could tell",
    "bit": "a bit of the block version: 0 to 12",
    "method": "how the pool was recognised (`address`, `tag`, `none`), or what the node was asked",
    "threshold": "a share: `0.25`, `0.333`, `0.5`",
    "node": "the node's host and port",
    "kind": "[which fault](runbook.md#kinds-of-errors)",
    "output": "which output",
    "rule": "[which rule](alerts.md) raises the alert",
    "severity": "`info`, `warning` or `critical`",
    "version": "of pool-monitor",
    "registry": "content hash of the pool registry",
}
_QUERIES = (
    ("The five largest pools of the last week", 'topk(5, pool_monitor_share_ratio{level="pool", window="7d"})'),
    (
        "Pools that may have more than a third of the hashrate, as far as a day's blocks can tell",
        'pool_monitor_share_upper_ratio{level="pool", window="24h"} > 1/3',
    ),
    (
        "Concentration over a month, all unknown blocks taken for one miner's",
        'pool_monitor_hhi_unbiased{level="pool", window="30d", unknown="merged"}',
    ),
    ("Minutes since the newest block's header time", "(time() - pool_monitor_block_timestamp_seconds) / 60"),
    ("Reorganisations of the last day", "increase(pool_monitor_reorgs_total[1d])"),
)


def page() -> str:
    """The page."""
    parts = [_HEAD, "\n## Mining\n\n", *_table(_mining()), "\n## The daemon itself\n\n", *_table(_itself())]
    used = {label for _, _, labels, _ in (*_mining(), *_itself()) for label in labels}
    parts += ["\n## Labels\n\n| Label | Meaning |\n|---|---|\n"]
    parts += [f"| `{name}` | {meaning} |\n" for name, meaning in _LABELS.items() if name in used]
    assert used <= set(_LABELS), f"labels without a meaning: {used - set(_LABELS)}"
    parts += ["\n## Queries\n"]
    parts += [f"\n{title}:\n\n```promql\n{query}\n```\n" for title, query in _QUERIES]
    return "".join(parts)


_Row = tuple[str, str, tuple[str, ...], str]


def _table(rows: Iterator[_Row]) -> Iterator[str]:
    yield "| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n"
    for name, kind, labels, meaning in rows:
        shown = ", ".join(f"`{label}`" for label in labels)
        yield f"| `{PREFIX}_{name}` | {kind} | {shown} | {meaning} |\n"


def _mining() -> Iterator[_Row]:
    for each in CATALOGUE:
        counts = each.is_counter
        yield each.name + "_total" * counts, "counter" if counts else "gauge", each.labels, each.help


def _itself() -> Iterator[_Row]:
    kinds = {Gauge: "gauge", Counter: "counter", Histogram: "histogram"}
    for each in vars(Vitals()).values():
        if isinstance(each, Gauge | Counter | Histogram):
            # Only the private names tell the labels of an instrument that has no number yet.
            name = each._name.removeprefix(f"{PREFIX}_") + "_total" * isinstance(each, Counter)  # noqa: SLF001
            yield name, kinds[type(each)], each._labelnames, each._documentation  # noqa: SLF001
