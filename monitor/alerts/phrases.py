"""Names, numbers and lengths of time as people write them."""

from __future__ import annotations

from monitor.model import PSEUDONYM, PoolSlug, Snapshot


def called(slug: str, snapshot: Snapshot | None) -> str:
    """What people call an entity."""
    if slug.startswith(PSEUDONYM):
        return f"the unknown miner {slug}"
    return snapshot.pool_names.get(PoolSlug(slug), slug) if snapshot else slug


def number(name: str, value: float | None) -> str:
    """A number as people write it, by what its name says it is."""
    if value is None:
        return "nothing"
    if name.endswith(("_probability", "_p_value")):
        return f"{value:.1%}".replace("%", " %") if 0.001 <= value <= 0.999 else f"{value:.2g}"
    if "ratio" in name:
        return f"{value:.1%}".replace("%", " %")
    if name.endswith("_seconds"):
        return span(value)
    return f"{value:,.0f}" if float(value).is_integer() or abs(value) >= 1000 else f"{value:.4g}"


def span(seconds: float) -> str:
    """A length of time, in the unit that suits it."""
    for unit, length in (("days", 86_400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.3g} {unit}"
    return f"{seconds:.0f} seconds"


def percent(ratio: float) -> str:
    """A share or a probability; what is nearly certain is not called certain."""
    if 0.999 < ratio < 1:
        return "more than 99.9 %"
    return f"{100 * ratio:.1f} %"
