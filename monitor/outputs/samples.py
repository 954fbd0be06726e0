"""What a metric is, and where a snapshot has its numbers: rows with their label values.

A `Source` yields one row for each combination of label values; a metric reads one attribute of the row. Several metrics
share a source.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Generic, TypeAlias, TypeVar

from monitor import wire
from monitor.model import PREFIX, BlockRef, Confidence, Estimates, PoolSlug, Signals, Snapshot

_ENTITIES = 20
"""Largest entities of a level and window that are published: miners can name themselves in coinbases, and the rest has
less than a per cent."""
_POOLS = 10
"""Largest pools with published signals, the same in all windows, so that no series comes and goes: they find nine in
ten blocks."""
_BITS = 4
"""Version bits with most blocks, published by pool: some miners set bits without a meaning."""
_LARGEST = 10
"""Largest entities with numbers that only matter for large ones."""
_SAMPLED = 3
"""Largest entities with the sampling part of their interval."""
_POSSIBLE = 0.01
"""The largest share that an entity must possibly have, if a number is published of what it may have."""
_MOST_POSSIBLE = 3
"""Such entities of a level and window, those first that may have most."""
_IMPROBABLE = 1e-6
"""Probabilities below it are left out: most pools are far from a quarter of the hashrate."""
_CONFIRMATIONS = (1, 2, 3, 6, 12, 24, 48, 100)

Rows: TypeAlias = Iterable[tuple[tuple[str, ...], Any]]


_Of = TypeVar("_Of")


@dataclass(frozen=True)  # without slots: typing notes the arguments of a generic on each instance
class SourceOf(Generic[_Of]):
    """Label names, and the rows with their label values."""

    labels: tuple[str, ...]
    rows: Callable[[_Of], Rows]


@dataclass(frozen=True)
class PublishedOf(Generic[_Of]):
    """A metric."""

    name: str
    help: str
    source: SourceOf[_Of]
    value: str = ""
    """The attribute of a row of the source, as in `tip.height`; empty: the row itself. None is not published."""
    is_counter: bool = False

    @property
    def full_name(self) -> str:
        """The name in Prometheus."""
        return f"{PREFIX}_{self.name}"

    @property
    def labels(self) -> tuple[str, ...]:
        """The names of the labels."""
        return self.source.labels

    def samples(self, snapshot: _Of) -> Iterator[tuple[tuple[str, ...], float]]:
        """The numbers with their label values."""
        path = self.value.split(".") if self.value else ()
        for labels, value in self.source.rows(snapshot):
            for name in path:
                value = None if value is None else getattr(value, name)  # noqa: PLW2901 -- walks along the path
            if value is not None:
                yield labels, value


Source: TypeAlias = SourceOf[Snapshot]
Published: TypeAlias = PublishedOf[Snapshot]


def _source(*labels: str) -> Callable[[Callable[[Snapshot], Rows]], Source]:
    return lambda rows: Source(labels, rows)


def _estimates(snapshot: Snapshot) -> Estimates:
    return snapshot.estimates or Estimates(BlockRef(snapshot.tip.height, snapshot.tip_hash))


def _signals(snapshot: Snapshot) -> Signals:
    return snapshot.signals or Signals()


# -- the chain, and what was counted since the start -------------------------------------------------------------------

whole = Source((), lambda snapshot: [((), snapshot)])
"""The snapshot itself, for metrics without labels."""
difficulty = Source((), lambda snapshot: [((), wire.difficulty(snapshot.tip.bits))])
network_rate = Source(("window",), lambda s: (((name,), rate) for name, rate in s.network_rate.items()))
connected = Source(
    ("pool", "method"),
    lambda s: (((pool or "unknown", method or "none"), n) for (pool, method), n in s.tally.connected.items()),
)
stale = Source(("pool",), lambda s: (((pool or "unknown",), n) for pool, n in s.tally.stale.items()))
conflicts = Source(("pool",), lambda s: (((pool,), n) for pool, n in s.tally.conflicts.items()))


# -- windows -----------------------------------------------------------------------------------------------------------


@_source("window")
def windows(snapshot: Snapshot) -> Rows:
    """Each window, at the first level."""
    first = snapshot.concentration[0].level if snapshot.concentration else ""
    return (((each.window.name,), each) for each in snapshot.concentration if each.level == first)


attributed = Source(
    ("window",), lambda s: ((name, one.attributed / one.blocks) for name, one in windows.rows(s) if one.blocks)
)


confidences = Source(
    ("confidence", "window"),
    lambda s: (
        ((kind, name), s.confidence.get(name, {}).get(kind, 0) / one.blocks)
        for (name,), one in windows.rows(s)
        for kind in Confidence
        if one.blocks
    ),
)


def _shares(largest: int) -> Source:
    """The largest entities, and those that may have many blocks, but have none counted."""

    def rows(snapshot: Snapshot) -> Iterator[tuple[tuple[str, ...], Any]]:
        for each in snapshot.concentration:
            found = snapshot.shares(each)
            possible = [share for share in found[len(each.shares) :] if (share.upper or 0) > _POSSIBLE]
            for share in (*found[: len(each.shares)][:largest], *possible[:_MOST_POSSIBLE]):
                yield (each.level, share.entity, each.window.name), share

    return Source(("level", "entity", "window"), rows)


shares = _shares(_ENTITIES)
intervals = _shares(_LARGEST)


@_source("level", "entity", "window")
def sampling(snapshot: Snapshot) -> Rows:
    """The largest entities, with the interval of sampling alone.

    More of them where nothing is estimated, as in exported history: there is no other interval.
    """
    for each in snapshot.concentration:
        for share in each.shares[: _SAMPLED if snapshot.estimates else _ENTITIES]:
            yield (each.level, share.entity, each.window.name), share


@_source("level", "entity", "window", "threshold")
def above(snapshot: Snapshot) -> Rows:
    """Probability that a share exceeds each threshold."""
    for each in snapshot.concentration:
        for share in each.shares:
            for threshold, probability in share.above.items():
                if probability > _IMPROBABLE:
                    yield (each.level, share.entity, each.window.name, threshold), probability


@_source("level", "window", "unknown")
def indices(snapshot: Snapshot) -> Rows:
    """The indices of each level and window, with unknown blocks split and merged."""
    for each in snapshot.concentration:
        yield (each.level, each.window.name, "split"), each.split
        yield (each.level, each.window.name, "merged"), each.merged


@_source("level", "window", "unknown", "n")
def top_shares(snapshot: Snapshot) -> Rows:
    """Shares of the n largest together."""
    for labels, each in indices.rows(snapshot):
        for n, share in each.top_share.items() if each else ():
            yield (*labels, str(n)), share


# -- estimates ---------------------------------------------------------------------------------------------------------


@_source("level", "window", "unknown")
def index_intervals(snapshot: Snapshot) -> Rows:
    """The intervals of the indices."""
    for each in _estimates(snapshot).indices:
        yield (each.level, each.window, "split"), each.split
        yield (each.level, each.window, "merged"), each.merged


combined = Source(("level", "window"), lambda s: (((each.level, each.window), each) for each in _estimates(s).combined))


@_source("level", "entity")
def current(snapshot: Snapshot) -> Rows:
    """Shares now of the largest entities, and of those that may have many blocks, but have none counted."""
    for level, group in groupby(_estimates(snapshot).current, lambda each: each.level):
        several = list(group)
        counted = [each for each in several if each.is_counted]
        possible = [each for each in several[len(counted) :] if each.upper > _POSSIBLE]
        for each in (*counted[:_LARGEST], *possible[:_MOST_POSSIBLE]):
            yield (level, each.entity), each


risks = Source(
    ("level", "confirmations"),
    lambda s: (
        ((each.level, str(many)), each.of(many)) for each in _estimates(s).confirmation_risks for many in _CONFIRMATIONS
    ),
)
risk_ranges = Source(
    ("level", "confirmations"),
    lambda s: (
        ((each.level, str(many)), each.range_of(many))
        for each in _estimates(s).confirmation_risks
        for many in _CONFIRMATIONS
    ),
)
trends = Source(("level", "window"), lambda s: (((each.level, each.window), each) for each in _estimates(s).trends))
changes = Source(("pool",), lambda s: {(each.entity,): each for each in _estimates(s).changes}.items())
"""The last change of each entity."""
differences = Source(("window",), lambda s: (((each.window,), each) for each in _estimates(s).differences))


def difference(index: str) -> Source:
    """The difference of an index between the levels, with unknown blocks split and merged."""
    return Source(
        ("window", "unknown"),
        lambda snapshot: (
            ((each.window, unknown), value)
            for each in _estimates(snapshot).differences
            for unknown, value in getattr(each, index).items()
        ),
    )


def envelope(index: str) -> Source:
    """The range of an index that uncertain memberships allow."""
    return Source(
        ("level", "window", "unknown"),
        lambda snapshot: (
            ((each.level, each.window, unknown), interval)
            for each in _estimates(snapshot).envelopes
            for unknown, interval in getattr(each, index).items()
        ),
    )


share_envelopes = Source(
    ("level", "entity", "window"),
    lambda s: (
        ((each.level, entity, each.window), interval)
        for each in _estimates(s).envelopes
        for entity, interval in each.shares.items()
        if interval.upper > _POSSIBLE
    ),
)


# -- signals -----------------------------------------------------------------------------------------------------------

streaks = Source(("pool",), lambda s: (((each.pool,), each) for each in _signals(s).streaks[:_POOLS]))
spacing = Source(("window",), lambda s: (((each.window,), each) for each in _signals(s).spacing))
forecasts = Source(
    ("bit", "threshold"), lambda s: (((str(each.bit), f"{each.ratio:g}"), each) for each in _signals(s).forecasts)
)
signalling = Source(
    ("bit", "window"),
    lambda s: (((str(each.bit), each.window), each.signalling / each.blocks) for each in _signals(s).signalling),
)
bip54 = Source(("window",), lambda s: (((each.window,), each.signalling / each.blocks) for each in _signals(s).bip54))
selfish = Source(
    ("pool",), lambda s: (((each.leader,), each) for each in _signals(s).following if each.leader == each.follower)
)


def _largest(seen: Signals) -> set[PoolSlug | None]:
    return {None, *(each.pool for each in seen.streaks[:_POOLS])}


def by_pool(signal: str) -> Source:
    """A signal of the largest pools in each window."""

    def rows(snapshot: Snapshot) -> Iterator[tuple[tuple[str, ...], Any]]:
        seen = _signals(snapshot)
        largest = _largest(seen)
        for each in getattr(seen, signal):
            if each.pool in largest:
                yield (each.pool or "unknown", each.window), each

    return Source(("pool", "window"), rows)


timed_empty = Source(("pool", "window"), lambda s: (row for row in by_pool("empty").rows(s) if row[1].timed))
advantages = by_pool("advantages")
stale_rates = Source(
    ("pool", "window"),
    lambda s: (((each.pool, each.window), each) for each in _signals(s).stale_rates if each.is_notable),
)


@_source("pool", "window")
def fees(snapshot: Snapshot) -> Rows:
    """Fees in bitcoin; nothing if no reward is known."""
    if any(each.blocks for each in _signals(snapshot).rewards):
        for labels, each in by_pool("rewards").rows(snapshot):
            yield labels, each.fees_sat / 1e8


@_source("bit", "pool", "window")
def signalling_pools(snapshot: Snapshot) -> Rows:
    """Blocks that signal, by pool."""
    seen = _signals(snapshot)
    largest, bits = _largest(seen), list(dict.fromkeys(each.bit for each in seen.signalling))[:_BITS]
    for each in seen.signalling:
        for pool, blocks in each.pools.items() if each.bit in bits else ():
            if pool in largest:
                yield (str(each.bit), pool or "unknown", each.window), blocks
