"""What pools mine compared with the node's templates: match rate, fees foregone, policies."""

from __future__ import annotations

from collections.abc import Iterator

from grafana_foundation_sdk.builders import stat, table, timeseries
from grafana_foundation_sdk.builders.dashboard import Dashboard, Row

from dashboards.frame import frame
from dashboards.panels import band, lines, listing, named, number, pool_column, steps
from dashboards.series import about, series

_MONTH = {"window": "30d"}
_OWN = {"pool": "$pool", "window": "30d"}


def templates() -> Dashboard:
    """The dashboard."""
    made = frame(
        "Templates and fees",
        "What pools mine compared with what the node would have mined: match rate, fees foregone, and policies.",
        slug="templates",
        page="/audit",
        choices=("pool",),
    )
    for panel in _numbers():
        made.with_panel(panel)
    made.with_row(Row("All pools, 30 days")).with_panel(_match()).with_panel(_fees())
    made.with_panel(_unseen()).with_panel(_prioritised())
    made.with_row(Row("One pool, 30 days")).with_panel(_own_match()).with_panel(_own_fees())
    made.with_panel(_own_unseen()).with_panel(_own_traits())
    made.with_row(Row("Builders and custody")).with_panel(_groups()).with_panel(_similarity())
    made.with_panel(_custodians()).with_panel(_spent())
    made.with_row(Row("Policies, 30 days"))
    for trait, title in _TRAITS.items():
        made.with_panel(_trait(trait, title))
    return made.with_panel(_alerts())


_TRAITS = {
    "low_fee": "Below 1 sat/vB",
    "large_op_return": "Large data outputs",
    "inscription": "Inscriptions",
}
_TRAIT_NAMES = _TRAITS | {
    "op_return": "Data outputs",
    "several_op_return": "Several data outputs",
    "runestone": "Runestones",
    "other_data": "Other data in witnesses",
    "bare_multisig": "Bare multisig",
    "dust": "Dust",
    "version": "Version above 2",
}


def _numbers() -> Iterator[stat.Panel]:
    yield (
        number("Blocks are audited", about("audit_up", "1: yes."), series("audit_up"))
        .unit("none")
        .thresholds(steps("red", green=1))
    )
    yield number(
        "Audited blocks", about("audit_blocks", "Of all pools in 30 days."), f"sum({series('audit_blocks', **_MONTH)})"
    ).unit("none")
    yield (
        number(
            "Blocks that passed over something",
            about("audit_missed_blocks", "Of all pools in 30 days."),
            f"sum({series('audit_missed_blocks', **_MONTH)})",
        )
        .unit("none")
        .thresholds(steps("green", yellow=1))
    )
    yield (
        number(
            "Transactions of your list passed over",
            about("audit_sanctioned_passed_over_ratio", "Shown: how many, by most blocks; zero without a list."),
            f"count({series('audit_sanctioned_passed_over_ratio')} > 0.5) or on () vector(0)",
        )
        .unit("none")
        .thresholds(steps("green", red=1))
    )
    yield number(
        "Interval of templates", about("audit_interval_seconds", "Longer on a slow node."),
        series("audit_interval_seconds"),
    ).unit("s")  # fmt: skip
    yield (
        number(
            "Smallest probability by chance",
            about("audit_missed_p_value", "Of all pools in 30 days; below 1 % is worth a look."),
            f"min({series('audit_missed_p_value', **_MONTH)})",
        )
        .unit("percentunit")
        .thresholds(steps("red", yellow=0.01, green=0.05))
    )


def _of_all(title: str, name: str, text: str, *, unit: str = "percentunit") -> timeseries.Panel:
    curves = {"{{pool}}": f"max by (pool) ({series(name, **_MONTH)})"}
    return named(lines(title, about(name, text), curves)).unit(unit)


def _match() -> timeseries.Panel:
    return _of_all("Match rate", "audit_template_match_ratio", "The page /audit has the interval of each.")


def _fees() -> timeseries.Panel:
    return _of_all("Fees foregone", "audit_missing_fees_btc", "Over the window.", unit="currencyBTC").min(0)


def _unseen() -> timeseries.Panel:
    return _of_all("Unseen weight", "audit_unseen_weight_ratio", "Given to the pool directly, or relayed badly.").min(0)


def _prioritised() -> timeseries.Panel:
    name = "audit_prioritised_weight_ratio"
    return _of_all("Prioritised weight", name, "Accelerated, or the pool's own.").min(0)


def _of_one(title: str, name: str, unit: str, *, ending: str = "ratio") -> timeseries.Panel:
    stem = name.removesuffix(f"_{ending}")
    return band(
        title,
        about(name, "With its 95 % interval."),
        {
            "rate": f"max({series(name, **_OWN)})",
            "lower": f"max({series(f'{stem}_lower_{ending}', **_OWN)})",
            "upper": f"max({series(f'{stem}_upper_{ending}', **_OWN)})",
        },
    ).unit(unit)


def _own_match() -> timeseries.Panel:
    return _of_one("Match rate of the pool", "audit_template_match_ratio", "percentunit")


def _own_fees() -> timeseries.Panel:
    return _of_one("Fees foregone by the pool", "audit_missing_fees_btc", "currencyBTC", ending="btc").min(0)


def _own_unseen() -> timeseries.Panel:
    return _of_one("Unseen weight of the pool", "audit_unseen_weight_ratio", "percentunit").min(0)


def _own_traits() -> timeseries.Panel:
    legend = "{{trait}}"
    made = lines(
        "Transactions of the pool by trait",
        about("audit_trait_ratio", "A trait is something that policies differ about."),
        {legend: f"max by (trait) ({series('audit_trait_ratio', **_OWN)})"},
    )
    return named(made, legend, names=_TRAIT_NAMES).unit("percentunit").min(0)


def _trait(trait: str, title: str) -> timeseries.Panel:
    curves = {"{{pool}}": f"max by (pool) ({series('audit_trait_ratio', trait=trait, **_MONTH)})"}
    return named(lines(title, about("audit_trait_ratio", "By pool."), curves)).unit("percentunit").min(0).span(6)


def _or_none(query: str) -> str:
    """There may be no evidence, and then no series."""
    return f"{query} or on () vector(0)"


def _groups() -> timeseries.Panel:
    legend = "{{level}} {{group}}"  # a group is called after its largest pool
    curves = {legend: _or_none(f"max by (level, group) ({series('measured_group_pools')})")}
    made = lines("Measured groups", about("measured_group_pools", "The page /builders has their members."), curves)
    return named(made, legend).unit("none").decimals(0).min(0)


def _similarity() -> table.Panel:
    name = "pool_similarity_ratio"
    most = f"topk(10, max by (pool, other, evidence) ({series(name)}))"
    made = listing("Similar pools", about(name, "The ten most alike."), {"similarity": _or_none(most)})
    made.override_by_name(*pool_column("pool")).override_by_name(*pool_column("other"))
    return made.unit("percentunit").decimals(0).height(9)


def _custodians() -> timeseries.Panel:
    shares = series("share_ratio", level="custodian", window="30d")
    return (
        named(
            lines(
                "Shares of custodians",
                about("share_ratio", "Over 30 days. Without followed rewards there is no such level."),
                {"{{entity}}": _or_none(f"topk(10, max by (entity) ({shares}))")},
            )
        )
        .unit("percentunit")
        .min(0)
    )


def _spent() -> timeseries.Panel:
    days = series("custody_spent_days", quantile="0.5")
    return (
        named(
            lines(
                "Days until rewards are spent",
                about("custody_spent_days", "The median. The page /builders has the quartiles."),
                {"{{pool}}": _or_none(f"max by (pool) ({days})")},
            )
        )
        .unit("d")
        .min(0)
    )


def _alerts() -> timeseries.Panel:
    rules = "~match_rate_fell|sanctioned_passed_over|new_template_group|custodian_third"
    return (
        lines(
            "Alerts",
            about("alerts_firing", "Of the rules on audit, builders and custody. What to do: the page /runbook."),
            {"{{rule}}": f"sum by (rule) ({series('alerts_firing', rule=rules)})"},
        )
        .unit("none")
        .decimals(0)
        .min(0)
        .span(6)
    )
