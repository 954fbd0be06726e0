"""All metrics: name, type, labels, meaning."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

from monitor.model import PREFIX
from monitor.outputs.audit_metrics import AUDIT_CATALOGUE
from monitor.outputs.builders_metrics import BUILDERS_CATALOGUE
from monitor.outputs.economy_metrics import ECONOMY_CATALOGUE
from monitor.outputs.metrics import CATALOGUE, FAMILIES
from monitor.outputs.node_metrics import NODE_CATALOGUE
from monitor.outputs.samples import PublishedOf
from monitor.outputs.stratum_metrics import STRATUM_CATALOGUE
from monitor.vitals import Vitals

_HEAD = f"""\
# Metrics

Served at `/metrics` in the Prometheus text format or as OpenMetrics, depending on the request. All names begin with
`{PREFIX}_`. The numbers are computed once per block; a scrape does not query the node. [The glossary](glossary.md) has
formulas and sources. A metric with a family is there if [`metrics.families`](configuration.md#metricsfamilies) has it.

The 95 % intervals of shares, risks and indices are the [published ones](glossary.md#what-is-counted), or with
`sampling` in the name those of sampling alone. The label `unknown` is the reading of the unknown blocks.
"""
_ABOVE = re.compile(r" (?:Unknown blocks count as|Of sampling)\b[^.]*\.")
"""Sentences of help texts that the head of the page has."""
_ECONOMY = """\
They change when an edition or the day changes. [How they are computed](economy.md), and the attribution that each
figure needs.

"""
_LABELS = {
    "level": "[grouping of blocks](glossary.md#what-is-counted)",
    "entity": "an entity of that level; at level `pool` the slug of a pool",
    "window": "counted blocks, as configured: `24h`, `2016b`",
    "unknown": "reading of unknown blocks: `split`, each a miner of its own, or `merged`, all one miner",
    "n": "number of largest entities: 1, 2 or 3",
    "pool": "slug of a pool; `unknown` for unattributed blocks",
    "bit": "a bit of the block version: 0 to 12",
    "method": "method of the attribution (`address`, `tag`, `none`), or of the request to the node",
    "confidence": "[confidence of the attribution](glossary.md#blocks-and-who-mined-them): `high`, `medium`, `low`",
    "confirmations": "number of confirmations of a payment: 1 to 100",
    "trait": "a [trait](audit.md#policy) of transactions: `low_fee`, `large_op_return`, `inscription`, `other_data`",
    "endpoint": "host and port of a stratum server",
    "txid": "a transaction of the list `audit.sanctioned_file`",
    "evidence": "[kind of evidence](templates.md#evidence): `co_spent`, `structure`, `omissions`, ...",
    "other": "slug of the second of two pools",
    "group": "a measured group, called after its largest pool",
    "quantile": "`0.25`, `0.5` or `0.75`",
    "threshold": "a share: `0.25`, `0.333`, `0.5`",
    "layer": "[layer of the AI economy](economy.md#layers): `designer`, `ownership`, `usage`, `open_weights`",
    "remainder": "reading of what is not attributed: `dispersed` or `lumped`",
    "side": "a layer, or `mining`: its template builders over twelve months",
    "source": "name of the source: `epoch`, `openrouter`, `huggingface`",
    "licence": "licence of the source",
    "attribution": "the line to show beside its figures",
    "vintage": "hash of the edition",
    "origin": "how the edition came here: `shipped`, `fetched`, `file`",
    "node": "name of the node; its host and port without one",
    "chain": "the chain that a node's rules make; `unknown` if it does not say",
    "branch": "`counted`, or the name of a node that follows the other branch",
    "kind": "[kind of error](runbook.md#kinds-of-errors)",
    "output": "name of the output",
    "reason": "`connections` and `events`: one too many; `slow`: did not read what was sent; `malformed`: not HTTP",
    "rule": "[rule](alerts.md) of the alert",
    "severity": "`info`, `warning` or `critical`",
    "version": "version of pool-monitor",
    "registry": "content hash of the pool registry",
    "engine": "`sqlite` or `postgresql`",
    "schema": "revision of the database's schema",
    "check": "a [self-check](runbook.md#the-self-check): `counts` or `chain`",
    "input": "`registry`, `rules`, `tokens`, `stale_list`, `sanctioned`, `template`; a registry or rules that were "
    "never changed have the age of the installation",
}
_QUERIES = (
    ("The five largest pools of the last week", 'topk(5, pool_monitor_share_ratio{level="pool", window="7d"})'),
    (
        "Pools that may have more than a third of the hashrate, from the blocks of a day",
        'pool_monitor_share_upper_ratio{level="pool", window="24h"} > 1/3',
    ),
    (
        "Concentration over a month, with all unknown blocks as one miner",
        'pool_monitor_hhi_unbiased{level="pool", window="30d", unknown="merged"}',
    ),
    (
        "Countries that may have half of the hashrate, whatever is uncertain",
        'pool_monitor_share_upper_ratio{level="country", window="30d"} > 1/2',
    ),
    ("Minutes since the newest block's header time", "(time() - pool_monitor_block_timestamp_seconds) / 60"),
    ("Reorganisations of the last day", "increase(pool_monitor_reorgs_total[1d])"),
)


def page() -> str:
    """The page."""
    tables = {
        "Mining": [*_mining()],
        "The audit of blocks": [*_gauges(AUDIT_CATALOGUE)],
        "Builders and custody": [*_gauges(BUILDERS_CATALOGUE)],
        "The stratum watch": [*_gauges(STRATUM_CATALOGUE)],
        "Nodes and branches": [*_gauges(NODE_CATALOGUE)],
        "Two economies": [*_gauges(ECONOMY_CATALOGUE)],
        "The daemon itself": [*_itself()],
    }
    parts = [_HEAD]
    for title, rows in tables.items():
        parts += [f"\n## {title}\n\n", _ECONOMY if title == "Two economies" else "", *_table(rows)]
    used = {label for rows in tables.values() for _, _, labels, _ in rows for label in labels}
    parts += ["\n## Labels\n\n| Label | Meaning |\n|---|---|\n"]
    parts += [f"| `{name}` | {meaning} |\n" for name, meaning in _LABELS.items() if name in used]
    assert used <= set(_LABELS), f"labels without a meaning: {used - set(_LABELS)}"
    parts += ["\n## Queries\n"]
    parts += [f"\n{title}:\n\n```promql\n{query}\n```\n" for title, query in _QUERIES]
    return "".join(parts)


_Row = tuple[str, str, tuple[str, ...], str]


def _table(rows: Iterable[_Row]) -> Iterator[str]:
    yield "| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n"
    for name, kind, labels, meaning in rows:
        shown = ", ".join(f"`{label}`" for label in labels)
        yield f"| `{PREFIX}_{name}` | {kind} | {shown} | {meaning} |\n"


def _mining() -> Iterator[_Row]:
    families = {name: family for family, names in FAMILIES.items() for name in names}
    for each in CATALOGUE:
        counts = each.is_counter
        of = f" Family `{families[each.name]}`." if each.name in families else ""
        meaning = _ABOVE.sub("", each.help)
        yield each.name + "_total" * counts, "counter" if counts else "gauge", each.labels, f"{meaning}{of}"


def _gauges(catalogue: Iterable[PublishedOf[Any]]) -> Iterator[_Row]:
    for each in catalogue:
        yield each.name, "gauge", each.labels, each.help


def _itself() -> Iterator[_Row]:
    kinds = {Gauge: "gauge", Counter: "counter", Histogram: "histogram"}
    for each in vars(Vitals()).values():
        if isinstance(each, Gauge | Counter | Histogram):
            # Only private attributes have the labels of a metric without samples.
            name = each._name.removeprefix(f"{PREFIX}_") + "_total" * isinstance(each, Counter)  # noqa: SLF001
            yield name, kinds[type(each)], each._labelnames, each._documentation  # noqa: SLF001
