"""The signals as JSON: each value as it is, with a name beside every pool's slug."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any

from monitor.model import Forecast, PoolSlug, Race, Reward, Signals, Snapshot
from monitor.outputs.web.render import iso

_POOLS = {"pool", "leader", "follower"}
_TOLD_BESIDES: Mapping[type, tuple[str, ...]] = {Reward: ("fee_ratio",), Forecast: ("missing",), Race: ("depth",)}
"""What follows from the fields, for those who do not want to work it out."""


def signals(snapshot: Snapshot, window: str | None) -> dict[str, Any]:
    """All signals; of those that belong to windows, with a window's name only its own."""
    seen = snapshot.signals or Signals()

    def cut(rows: Iterable[Any]) -> list[dict[str, Any]]:
        return [row(each, snapshot) for each in rows if window in (None, each.window)]

    def whole(rows: Iterable[Any]) -> list[dict[str, Any]]:
        return [row(each, snapshot) for each in rows]

    return {
        "streaks": whole(seen.streaks),
        "luck": cut(seen.luck),
        "empty_blocks": cut(seen.empty),
        "rewards": cut(seen.rewards),
        "spacing": cut(seen.spacing),
        "signalling": cut(seen.signalling),
        "bip54": cut(seen.bip54),
        "periods": whole(seen.periods),
        "forecasts": whole(seen.forecasts),
        "following": whole(seen.following),
        "races": whole(seen.races),
        "race_records": whole(seen.race_records),
    }


def row(value: Any, snapshot: Snapshot) -> dict[str, Any]:  # noqa: ANN401 -- any of the model's signals
    """One signal, with a name beside every slug."""
    written: dict[str, Any] = {}
    for name in (*(field.name for field in fields(value)), *_TOLD_BESIDES.get(type(value), ())):
        content = getattr(value, name)
        if name in _POOLS:
            written |= {f"{name}_slug": content, f"{name}_name": _name(snapshot, content)}
        elif name == "time":
            written[name] = iso(content)
        elif name == "pools":
            written[name] = [
                {"pool_slug": pool, "pool_name": _name(snapshot, pool), "blocks": many}
                for pool, many in content.items()
            ]
        elif isinstance(content, Mapping):
            written[name] = {str(key): many for key, many in content.items()}
        else:
            written[name] = content
    return written


def _name(snapshot: Snapshot, pool: PoolSlug | None) -> str | None:
    return None if pool is None else snapshot.pool_names.get(pool, pool)
