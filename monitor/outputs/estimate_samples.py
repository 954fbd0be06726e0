"""Where the numbers of the estimates are in a snapshot: label values and numbers, for the catalogue of metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from monitor.model import (
    BlockRef,
    Change,
    Difference,
    Envelope,
    Estimates,
    Interval,
    Likely,
    Rate,
    Share,
    Snapshot,
    Trend,
)

_Samples = Iterable[tuple[tuple[str, ...], float]]


def above(snapshot: Snapshot) -> _Samples:
    """Probabilities that shares exceed the thresholds."""
    for each in snapshot.concentration:
        for share in each.shares:
            for threshold, probability in share.above.items():
                yield (each.level, share.entity, each.window.name, threshold), probability


def hashrate(share: Share) -> float | None:
    """An entity's."""
    return share.hashrate.value if share.hashrate else None


def network(read: Callable[[Rate], float]) -> Callable[[Snapshot], _Samples]:
    """A number for the network's hashrate in each window."""
    return lambda snapshot: (((name,), read(rate)) for name, rate in snapshot.network_rate.items() if rate)


def index(read: Callable[[Likely], float]) -> Callable[[Snapshot], _Samples]:
    """A number for each level and window, for either reading of the unknown blocks."""

    def samples(snapshot: Snapshot) -> _Samples:
        for each in _of(snapshot).indices:
            for unknown, likely in (("split", each.split), ("merged", each.merged)):
                if likely:
                    yield (each.level, each.window, unknown), read(likely)

    return samples


def height(snapshot: Snapshot) -> _Samples:
    """Of the block that the estimates are of."""
    return [((), snapshot.estimates.tip.height)] if snapshot.estimates else []


def trend(read: Callable[[Trend], float]) -> Callable[[Snapshot], _Samples]:
    """A number for the trend of each level and window."""
    return lambda snapshot: (((each.level, each.window), read(each)) for each in _of(snapshot).trends)


def change(read: Callable[[Change], float]) -> Callable[[Snapshot], _Samples]:
    """A number for the last change of each entity."""
    return lambda snapshot: {(each.entity,): read(each) for each in _of(snapshot).changes}.items()


def other_template(snapshot: Snapshot) -> _Samples:
    """Share of the blocks that count for another by template than by pool."""
    return (((each.window,), each.ratio) for each in _of(snapshot).differences)


def difference(read: Callable[[Difference], Mapping[str, float]]) -> Callable[[Snapshot], _Samples]:
    """A number for each window, for either reading of the unknown blocks."""

    def samples(snapshot: Snapshot) -> _Samples:
        for each in _of(snapshot).differences:
            for unknown, value in read(each).items():
                yield (each.window, unknown), value

    return samples


def envelope(
    ranges: Callable[[Envelope], Mapping[str, Interval]], end: Callable[[Interval], float]
) -> Callable[[Snapshot], _Samples]:
    """One end of each range: of each level and window, and what the ranges are of."""

    def samples(snapshot: Snapshot) -> _Samples:
        for each in _of(snapshot).envelopes:
            for name, interval in ranges(each).items():
                yield (each.level, each.window, name), end(interval)

    return samples


def envelope_share(end: Callable[[Interval], float]) -> Callable[[Snapshot], _Samples]:
    """One end of each entity's range of shares."""
    of_envelope = envelope(lambda each: each.shares, end)
    return lambda snapshot: (((level, entity, window), n) for (level, window, entity), n in of_envelope(snapshot))


def _of(snapshot: Snapshot) -> Estimates:
    return snapshot.estimates or Estimates(BlockRef(snapshot.tip.height, snapshot.tip_hash))
