"""What is known of the things that an alert is about: their numbers, with intervals, in sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from monitor.alerts.phrases import called, percent
from monitor.model import Concentration, Estimate, Interval, Share, Snapshot

_Labels = Mapping[str, str]


def particulars(name: str, labels: _Labels, snapshot: Snapshot) -> Iterator[str]:
    """Sentences about what has these labels.

    Args:
        name: the number that an alert is about.
        labels: whose, over which window, ...
        snapshot: what is known.
    """
    yield from _OF_FACTS.get(name, _of_window)(labels, snapshot)


def _of_streak(labels: _Labels, snapshot: Snapshot) -> Iterator[str]:
    for one in snapshot.signals.streaks if snapshot.signals else ():
        if one.pool == labels["pool"]:
            yield (
                f"{called(one.pool, snapshot)} found the last {one.blocks} blocks; chance gives it {one.a_year:.2g} "
                f"such runs a year, and its longest in the longest window was of {one.longest}."
            )


def _of_change(labels: _Labels, snapshot: Snapshot) -> Iterator[str]:
    for one in snapshot.estimates.changes[::-1] if snapshot.estimates else ():
        if one.entity == labels["pool"]:
            yield (
                f"{called(one.entity, snapshot)} had {_share(one.before)} of the blocks until about block "
                f"{one.height}, and has {_share(one.after)} since; the test told at block {one.found_height}."
            )
            return


def _of_stale(labels: _Labels, snapshot: Snapshot) -> Iterator[str]:
    for race in snapshot.signals.races if snapshot.signals else ():
        if race.height <= int(labels["height"]) < race.height + race.depth:
            winners = ", ".join(called(winner or "unknown", snapshot) for winner in race.winners) or "others"
            yield f"It lost a race of depth {race.depth} from block {race.height} on. Those there now are of {winners}."
            return


def _of_empty(labels: _Labels, snapshot: Snapshot) -> Iterator[str]:
    rows = [row for row in snapshot.signals.empty if row.window == labels["window"]] if snapshot.signals else []
    worst = sorted((row for row in rows if row.empty), key=lambda row: -row.empty)[:3]
    if worst:
        whose = ", ".join(f"{called(row.pool or 'unknown', snapshot)} {row.empty} of {row.blocks}" for row in worst)
        yield f"Most of them are of: {whose}."


def _of_signalling(labels: _Labels, snapshot: Snapshot) -> Iterator[str]:
    for one in snapshot.signals.forecasts if snapshot.signals else ():
        if (str(one.bit), f"{one.ratio:g}") == (labels["bit"], labels["threshold"]):
            yield (
                f"Bit {one.bit} has {one.signalling} of the {one.threshold} blocks that it takes, "
                f"and {one.remaining} are still to come in this retarget period."
            )


_OF_FACTS: Final[Mapping[str, Callable[[_Labels, Snapshot], Iterator[str]]]] = {
    "long_streak_probability": _of_streak,
    "streak_probability": _of_streak,
    "streak_blocks": _of_streak,
    "share_change_ratio": _of_change,
    "stale_block": _of_stale,
    "empty_ratio": _of_empty,
    "signalling_threshold_probability": _of_signalling,
}


def _of_window(labels: _Labels, snapshot: Snapshot) -> Iterator[str]:
    """Of an entity's share, or of the indices, over a window."""
    for one in snapshot.concentration:
        if (one.level, one.window.name) == (labels.get("level", "pool"), labels.get("window")):
            for share in one.shares:
                if share.entity == (labels.get("entity") or labels.get("pool")):
                    yield _of_share(one, share, labels.get("threshold"), snapshot)
            if "unknown" in labels:
                yield from _of_indices(one, labels["unknown"], snapshot)


def _of_share(one: Concentration, share: Share, threshold: str | None, snapshot: Snapshot) -> str:
    counted = f" by {one.level}" if one.level != "pool" else ""
    said = (
        f"{called(share.entity, snapshot)} has {_share(share)} "
        f"of the last {one.window.name}'s {one.blocks:,} blocks{counted}"
    )
    chance = share.above.get(threshold or "")
    if chance is None:
        return said + "."
    return f"{said}; the probability that it has more than {_part(threshold)} of the hashrate is {percent(chance)}."


def _of_indices(one: Concentration, reading: str, snapshot: Snapshot) -> Iterator[str]:
    indices = one.merged if reading == "merged" else one.split
    if indices is None:
        return
    likely = next(_likely(one, reading, snapshot), None)
    top = ", ".join(f"{called(share.entity, snapshot)} {percent(share.share)}" for share in one.shares[:3])
    unbiased = indices.hhi if indices.hhi_unbiased is None else indices.hhi_unbiased
    yield (
        f"Over the last {one.window.name}, {one.blocks:,} blocks by {one.level}, the HHI is {unbiased:,.0f}"
        f"{_between(likely[0]) if likely else ''} and the Nakamoto coefficient {indices.nakamoto}"
        f"{_between(likely[1]) if likely else ''}; the largest are {top}."
    )


def _likely(one: Concentration, reading: str, snapshot: Snapshot) -> Iterator[tuple[Interval, Interval]]:
    for estimate in snapshot.estimates.indices if snapshot.estimates else ():
        if (estimate.level, estimate.window) == (one.level, one.window.name) and (
            likely := _reading(estimate, reading)
        ):
            yield likely


def _reading(estimate: Estimate, reading: str) -> tuple[Interval, Interval] | None:
    likely = estimate.merged if reading == "merged" else estimate.split
    return (likely.hhi, likely.nakamoto) if likely else None


def _between(interval: Interval) -> str:
    return f" (95 %: {interval.lower:,.0f} to {interval.upper:,.0f})"


def _share(share: Share) -> str:
    return f"{percent(share.share)} (95 %: {percent(share.lower)} to {percent(share.upper)})"


def _part(threshold: str | None) -> str:
    return {"0.25": "a quarter", "0.333": "a third", "0.5": "half"}.get(threshold or "", str(threshold))
