"""The estimates as JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, TypeVar

from monitor.model import Concentration, Difference, Envelope, Estimate, Estimates, Likely, Share, Snapshot, Trend
from monitor.outputs.web import render

_Each = TypeVar("_Each", Estimate, Trend, Envelope)


def concentration(one: Concentration, snapshot: Snapshot) -> dict[str, Any]:
    """The indices of one window, and how sure they are: null before the first time that the daemon has caught up."""
    return {**render.concentration(one), "estimates": _estimates(one, snapshot.estimates)}


def changes(snapshot: Snapshot) -> list[dict[str, Any]] | None:
    """The changes of shares, newest first; None before the daemon has caught up for the first time."""
    if snapshot.estimates is None:
        return None
    return [
        {
            "level": each.level,
            "entity": each.entity,
            "height": each.height,
            "time": render.iso(each.time),
            "found_height": each.found_height,
            "before": _share(each.before),
            "after": _share(each.after),
        }
        for each in reversed(snapshot.estimates.changes)
    ]


def _estimates(one: Concentration, known: Estimates | None) -> dict[str, Any] | None:
    if known is None:
        return None
    estimate = _of(one, known.indices)
    return {
        "height": known.tip.height,
        "hash": known.tip.hash,
        "split": _likely(estimate.split) if estimate else None,
        "merged": _likely(estimate.merged) if estimate else None,
        "trend": _plain(_of(one, known.trends)),
        "envelope": _plain(_of(one, known.envelopes)),
        "template_difference": _plain(next((d for d in known.differences if d.window == one.window.name), None)),
    }


def _share(share: Share) -> dict[str, Any]:
    return {"blocks": share.blocks, "share": share.share, "lower": share.lower, "upper": share.upper}


def _of(one: Concentration, several: Iterable[_Each]) -> _Each | None:
    return next((each for each in several if (each.level, each.window) == (one.level, one.window.name)), None)


def _likely(likely: Likely | None) -> dict[str, Any] | None:
    if likely is None:
        return None
    chances = {str(number): chance for number, chance in likely.nakamoto_probability.items()}
    return {**asdict(likely), "nakamoto_probability": chances}


def _plain(value: Trend | Envelope | Difference | None) -> dict[str, Any] | None:
    if value is None:
        return None
    return {name: each for name, each in asdict(value).items() if name not in {"level", "window"}}
