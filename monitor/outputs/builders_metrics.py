"""The metrics about template builders and custody: names, help texts, labels, and where their state has each number."""

from __future__ import annotations

from typing import Final, TypeAlias

from monitor.model import BuildersView
from monitor.outputs.samples import PublishedOf, Rows, SourceOf

_PAIRS: Final = 30
"""Pairs that are published, those with the strongest evidence first."""
_POOLS: Final = 10
_QUARTILES: Final = ("0.25", "0.5", "0.75")

BuildersMetric: TypeAlias = PublishedOf[BuildersView]


def _pairs(view: BuildersView) -> Rows:
    for each in view.current[:_PAIRS]:
        yield (each.kind.value, *each.pools), each


def _groups(view: BuildersView) -> Rows:
    for level in ("template", "custodian"):
        for group, members in view.groups(level).items():
            yield (level, group), len(members)


def _spent(view: BuildersView) -> Rows:
    for each in view.styles[:_POOLS]:
        if each.days_until_spent:
            for quartile, days in zip(_QUARTILES, each.days_until_spent, strict=True):
                yield (each.pool, quartile), days


_custody = SourceOf[BuildersView]((), lambda view: [((), view.custody)])
_on = SourceOf[BuildersView]((), lambda view: [((), view.custody.off is None)])
_measured = SourceOf[BuildersView]((), lambda view: [((), view.measured_template)])
_pair = SourceOf[BuildersView](("evidence", "pool", "other"), _pairs)
_new = SourceOf[BuildersView](("group",), lambda view: [((name,), many) for name, many in view.new_groups.items()])

BUILDERS_CATALOGUE: Final = (
    BuildersMetric(
        "pool_similarity_ratio",
        "How alike two pools are now by one kind of evidence; docs/templates.md says what it is a share of. Only pairs "
        "with evidence.",
        _pair, "similarity",
    ),
    BuildersMetric(
        "pool_similarity_p_value", "Probability of that much or more if both have nothing to do with each other.",
        _pair, "p",
    ),
    BuildersMetric(
        "measured_group_pools", "Pools of a group that this monitor measured, now.",
        SourceOf[BuildersView](("level", "group"), _groups),
    ),
    BuildersMetric(
        "template_group_new_pools", "Pools by which a measured template group is larger than what is counted.", _new
    ),
    BuildersMetric(
        "template_measured", "Whether the level template counts by measured groups (1) or by the list (0).", _measured
    ),
    BuildersMetric("custody_up", "Whether rewards are followed to where they are spent (1).", _on),
    BuildersMetric("custody_scanned_blocks", "Blocks searched for spends of rewards.", _custody, "scanned"),
    BuildersMetric("custody_missing_blocks", "Blocks that are still to be searched.", _custody, "missing"),
    BuildersMetric("custody_spends", "Spends of rewards that were found.", _custody, "spends"),
    BuildersMetric(
        "custody_spent_days", "Days until a pool's rewards are spent, of those that were: quartiles.",
        SourceOf[BuildersView](("pool", "quantile"), _spent),
    ),
)  # fmt: skip
