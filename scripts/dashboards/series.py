"""What the dashboards ask Prometheus for: only metrics that the catalogue has, in the words it has for them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

from prometheus_client import Counter, Gauge, Histogram

from monitor.model import PREFIX
from monitor.outputs.audit_metrics import AUDIT_CATALOGUE
from monitor.outputs.builders_metrics import BUILDERS_CATALOGUE
from monitor.outputs.economy_metrics import ECONOMY_CATALOGUE
from monitor.outputs.metrics import CATALOGUE
from monitor.outputs.node_metrics import NODE_CATALOGUE
from monitor.outputs.samples import PublishedOf
from monitor.outputs.stratum_metrics import STRATUM_CATALOGUE
from monitor.vitals import Vitals

Unknown = Literal["split", "merged"]


def _meanings() -> dict[str, str]:
    """The help text of every metric, by its name without the prefix, as Prometheus knows it."""
    catalogues: tuple[Iterable[PublishedOf[Any]], ...] = (
        CATALOGUE, AUDIT_CATALOGUE, BUILDERS_CATALOGUE, NODE_CATALOGUE, ECONOMY_CATALOGUE, STRATUM_CATALOGUE,
    )  # fmt: skip
    found = {each.name + "_total" * each.is_counter: each.help for catalogue in catalogues for each in catalogue}
    for each in vars(Vitals()).values():
        if isinstance(each, Gauge | Counter | Histogram):
            (family,) = each.describe()
            found[family.name.removeprefix(f"{PREFIX}_") + "_total" * isinstance(each, Counter)] = family.documentation
    return found


MEANINGS = _meanings()


def series(name: str, **labels: str) -> str:
    """A selector of the chosen daemon's series.

    A label's value may name a variable (`$level`); one that begins with `!` is what the label must not be, and one
    that begins with `~` is a regular expression.
    """
    if name.removesuffix("_bucket") not in MEANINGS:
        raise KeyError(f"there is no metric {name}")
    told = [_matcher(label, value) for label, value in {"instance": "$instance", **labels}.items()]
    return f"{PREFIX}_{name}{{{', '.join(told)}}}"


def index(name: str, unknown: Unknown | Literal["$unknown"] = "$unknown") -> str:
    """An index at the chosen level and window."""
    return series(name, level="$level", window="$window", unknown=unknown)


def interval(name: str, unit: str = "") -> dict[str, str]:
    """The published 95 % interval of an index at the chosen level and window: the edges of a `band`."""
    return {end: series(f"{name}_{end}{unit}", level="$level", window="$window") for end in ("lower", "upper")}


def about(name: str, more: str) -> str:
    """What the catalogue says of a metric, and a sentence on how to read it."""
    return f"{MEANINGS[name]} {more}"


def _matcher(label: str, value: str) -> str:
    operator = {"!": "!=", "~": "=~"}.get(value[:1], "=")
    return f'{label}{operator}"{value.lstrip("!~")}"'
