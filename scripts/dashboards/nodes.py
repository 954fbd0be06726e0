"""Several nodes: which branch each is on, who mines on which, and how late each has blocks."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.builders import bargauge, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, DashboardLink, Row

from dashboards.frame import frame
from dashboards.panels import bars, lines, listing, named, number, pool_column, states, steps, value_names
from dashboards.series import about, series

_NONE = "or on () vector(0)"


def nodes() -> Dashboard:
    """The dashboard."""
    made = frame(
        "Nodes and branches",
        "Whether the nodes agree, which branch each is on, who mines on it, and how late each has blocks.",
        slug="nodes",
        page="/nodes",
        marks=("reorgs",),
    )
    for panel in _numbers():
        made.with_panel(panel)
    made.with_row(Row("Which node is where")).with_panel(_agreement()).with_panel(_up())
    made.with_panel(_heights()).with_panel(_apart())
    made.with_row(Row("Branches")).with_panel(_shares()).with_panel(_signalling()).with_panel(_lengths())
    made.with_row(Row("Blocks that arrive late or go"))
    made.with_panel(_median()).with_panel(_late()).with_panel(_median_by_pool())
    made.with_panel(_stale()).with_panel(_depth()).with_panel(_alerts())
    made.with_row(Row("What pools announce")).with_panel(_on_tip()).with_panel(_connected())
    return made.with_panel(_job_lag()).with_panel(_empty_first()).with_panel(_same_templates()).with_panel(_faulty())


def _numbers() -> Iterator[stat.Panel]:
    yield (
        number("Nodes", about("nodes_agree", "A branch of one block is an everyday race."), series("nodes_agree"))
        .unit("none")
        .mappings([value_names(agree=(1, "green"), disagree=(0, "red"))])
        .thresholds(steps("red", green=1))
    )
    yield (
        number(
            "Depth of the split",
            about("split_depth_blocks", "What counts as a split: `splits.depth` and `splits.seconds`."),
            series("split_depth_blocks"),
        )
        .unit("none")
        .thresholds(steps("green", red=1))
    )
    yield (
        number(
            "Split since",
            about("split_start_timestamp_seconds", "Shown as the time since then; 0 without a split."),
            f"time() - {series('split_start_timestamp_seconds')} {_NONE}",
        )
        .unit("s")
        .thresholds(steps("green", red=1))
    )
    yield (
        number("Nodes that answer", about("node_up", "Shown as their number."), f"sum({series('node_up')})")
        .unit("none")
        .thresholds(steps("red", green=1))
    )
    yield (
        number(
            "Counted node replaced",
            about("node_followed", "Shown: whether an observer stands in for the counted node."),
            f"max({series('node_followed')} * {series('node_observer')})",
        )
        .unit("none")
        .mappings([value_names(no=(0, "green"), yes=(1, "red"))])
        .thresholds(steps("green", red=1))
    )
    yield (
        number(
            "Stale blocks per day",
            about("stale_blocks_total", "One or two a month are normal."),
            f"sum(increase({series('stale_blocks_total')}[1d])) {_NONE}",
        )
        .unit("none")
        .decimals(1)
        .thresholds(steps("green", yellow=2, red=4))
    )


def _agreement() -> statetimeline.Panel:
    return (
        states(
            "Agreement",
            "Whether the nodes are on the same branch, and whether branches are deep and old enough for a split.",
            {"nodes agree": series("nodes_agree"), "no split": f"{series('split_depth_blocks')} == bool 0"},
        )
        .unit("none")
        .mappings([value_names(yes=(1, "green"), no=(0, "red"))])
    )  # fmt: skip


def _up() -> statetimeline.Panel:
    return (
        states(
            "Nodes that answer",
            about("node_up", "One that is away is not compared."),
            {"{{node}}": f"max by (node) ({series('node_up')})"},
        )
        .unit("none")
        .mappings([value_names(up=(1, "green"), away=(0, "red"))])
    )


def _heights() -> timeseries.Panel:
    return (
        lines(
            "Heights",
            about("node_height", "Lines that part are branches of different length, or a node that is behind."),
            {"{{node}}": f"max by (node) ({series('node_height')})"},
        )
        .unit("none")
        .decimals(0)
        .data_links(
            [DashboardLink("Open the block").url("${page}/search?q=${__value.raw}").target_blank(target_blank=True)]
        )
    )


def _apart() -> timeseries.Panel:
    return (
        lines(
            "Blocks apart",
            about("node_apart_blocks", "One for a few minutes is a race; more is another branch."),
            {"{{node}}": f"max by (node) ({series('node_apart_blocks')})"},
        )
        .unit("none")
        .min(0)
    )


def _shares() -> timeseries.Panel:
    legend = "{{branch}}: {{entity}}"
    made = lines(
        "Shares on each branch",
        about("branch_share_ratio", "By pool. Empty while the nodes agree."),
        {legend: f"max by (branch, entity) ({series('branch_share_ratio', level='pool')})"},
    )
    return named(made, legend).unit("percentunit").min(0).no_value("the nodes agree")


def _signalling() -> timeseries.Panel:
    return (
        lines(
            "Signalling on each branch",
            about("branch_signalling_ratio", "Empty while the nodes agree, and for a branch that signals nothing."),
            {"{{branch}}: bit {{bit}}": f"max by (branch, bit) ({series('branch_signalling_ratio')})"},
        )
        .unit("percentunit")
        .min(0)
        .span(6)
        .no_value("the nodes agree")
    )


def _lengths() -> timeseries.Panel:
    return (
        lines(
            "Length of each branch",
            about("branch_blocks", "Without retargets, the longer one has more work. Empty while the nodes agree."),
            {"{{branch}}": f"max by (branch) ({series('branch_blocks')})"},
        )
        .unit("none")
        .min(0)
        .span(6)
        .no_value("the nodes agree")
    )


def _median() -> timeseries.Panel:
    return _lag("Lag, median", "Over six hours. A node that is always late is badly connected.")


def _late() -> timeseries.Panel:
    text = "Over six hours. A node that is always late is badly connected."
    return _lag("Lag, 95th percentile", text, quantile=0.95)


def _median_by_pool() -> timeseries.Panel:
    text = "Median over a day. Latency between these nodes, not of the network. Empty with one node."
    return named(_lag("Lag by pool, median", text, by="pool", span="1d")).no_value("nothing to compare")


def _lag(title: str, text: str, *, by: str = "node", quantile: float = 0.5, span: str = "6h") -> timeseries.Panel:
    name = "block_first_seen_seconds" if by == "node" else "block_first_seen_by_pool_seconds"
    rate = f"sum by (le, {by}) (rate({series(f'{name}_bucket')}[{span}]))"
    return (
        lines(title, about(name, text), {f"{{{{{by}}}}}": f"histogram_quantile({quantile}, {rate})"})
        .unit("s")
        .min(0)
        .span(8)
    )


def _stale() -> timeseries.Panel:
    return (
        named(
            lines(
                "Stale blocks",
                about("stale_blocks_total", "By pool, over a day."),
                {"{{pool}}": f"sum by (pool) (increase({series('stale_blocks_total')}[1d]))"},
            )
        )
        .unit("none")
        .min(0)
        .span(8)
        .no_value("none")
    )


def _depth() -> timeseries.Panel:
    return (
        lines(
            "Depth of reorganisations",
            about("reorg_depth_blocks", "Of the last one. Two are rare, three are not explained by chance."),
            {"blocks": series("reorg_depth_blocks")},
        )
        .unit("none")
        .min(0)
        .span(8)
    )


def _alerts() -> timeseries.Panel:
    rules = "~chain_split|node_replaced|reorganisation|deep_reorganisation|stale_block|pool_off_tip|faulty_jobs"
    return (
        lines(
            "Alerts",
            about("alerts_firing", "Of the rules on nodes and branches. What to do: the page /runbook."),
            {"{{rule}}": f"sum by (rule) ({series('alerts_firing', rule=rules)})"},
        )
        .unit("none")
        .decimals(0)
        .min(0)
        .span(8)
    )


_NOT_WATCHED = "no stratum server is watched"


def _on_tip() -> statetimeline.Panel:
    return (
        named(
            states(
                "Where pools work",
                about("stratum_on_tip", "Another block for minutes is a split, or a pool that lags behind."),
                {"{{pool}}": series("stratum_on_tip")},
            )
        )
        .unit("none")
        .mappings([value_names(newest=(1, "green"), other=(0, "red"))])
        .no_value(_NOT_WATCHED)
    )


def _connected() -> statetimeline.Panel:
    legend = "{{pool}}: {{endpoint}}"
    made = states(
        "Stratum servers",
        about("stratum_connected", "One that is away says nothing about its pool."),
        {legend: series("stratum_connected")},
    )
    return (
        named(made, legend)
        .unit("none")
        .mappings([value_names(jobs=(1, "green"), away=(0, "red"))])
        .no_value(_NOT_WATCHED)
    )


def _job_lag() -> bargauge.Panel:
    return (
        named(
            bars(
                "Lag of the first job on a new block",
                about("stratum_job_lag_seconds", "Until then, the pool's miners work on the block before."),
                {"{{pool}}": series("stratum_job_lag_seconds")},
            )
        )
        .unit("s")
        .span(6)
        .height(9)
        .no_value(_NOT_WATCHED)
    )


def _empty_first() -> bargauge.Panel:
    return (
        named(
            bars(
                "Empty first jobs",
                about("stratum_empty_first_job_ratio", "Such a pool starts before it has chosen transactions."),
                {"{{pool}}": series("stratum_empty_first_job_ratio")},
            )
        )
        .unit("percentunit")
        .max(1)
        .span(6)
        .height(9)
        .no_value(_NOT_WATCHED)
    )


def _same_templates() -> table.Panel:
    names = {
        "same templates": "stratum_template_similarity_ratio",
        "at least": "stratum_template_similarity_lower_ratio",
        "at most": "stratum_template_similarity_upper_ratio",
    }
    made = listing(
        "Same templates",
        about("stratum_template_similarity_ratio", "Chance alone gives none; /builders has the evidence of blocks."),
        {head: f"max by (pool, other) ({series(name)})" for head, name in names.items()},
    )
    made.override_by_name(*pool_column("pool")).override_by_name(*pool_column("other"))
    return made.unit("percentunit").decimals(0).span(6).height(9).no_value(_NOT_WATCHED)


def _faulty() -> bargauge.Panel:
    return (
        named(
            bars(
                "Faulty jobs",
                about("stratum_faulty_jobs", "Any is a defect of the pool; /stratum has the reason."),
                {"{{pool}}": series("stratum_faulty_jobs")},
            )
        )
        .unit("none")
        .decimals(0)
        .thresholds(steps("green", red=1))
        .span(6)
        .height(9)
        .no_value(_NOT_WATCHED)
    )
