"""Where the numbers of the signals are in a snapshot: label values and numbers, for the catalogue of metrics."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from monitor.model import EmptyBlocks, Luck, PoolSlug, Reward, Signals, Snapshot, Streak

_Samples = Iterable[tuple[tuple[str, ...], float]]

_POOLS = 20
"""So many of the largest are published, in all windows alike, so that no series comes and goes: they find 99 % of the
blocks."""
_BITS = 4
"""Version bits of which it is published who signals with them, those with most blocks first. Some miners set bits that
nobody gave a meaning."""


def streak(read: Callable[[Streak], float]) -> Callable[[Snapshot], _Samples]:
    """A number for the streak of each pool."""
    return lambda snapshot: (((each.pool,), read(each)) for each in _of(snapshot).streaks[:_POOLS])


def luck(read: Callable[[Luck], float | None]) -> Callable[[Snapshot], _Samples]:
    """A number for the luck of each pool and window."""
    return lambda snapshot: _pooled(_of(snapshot), _of(snapshot).luck, read)


def empty_blocks(snapshot: Snapshot) -> _Samples:
    """Empty blocks of each pool and window."""
    return _pooled(_of(snapshot), _of(snapshot).empty, lambda each: each.empty)


def fees(snapshot: Snapshot) -> _Samples:
    """Bitcoin that each pool claimed above the subsidy, in each window."""
    rewards = _of(snapshot).rewards
    told = any(each.blocks for each in rewards)
    return _pooled(_of(snapshot), rewards, lambda each: each.fees_sat / 1e8 if told else None)


def intervals(snapshot: Snapshot) -> _Samples:
    """Mean seconds between the blocks of each window."""
    return (((each.window,), each.mean) for each in _of(snapshot).spacing if each.mean is not None)


def signalling_ratio(snapshot: Snapshot) -> _Samples:
    """Share of each window's blocks that signal with each version bit."""
    for each in _of(snapshot).signalling:
        yield (str(each.bit), each.window), each.signalling / each.blocks


def signalling_blocks(snapshot: Snapshot) -> _Samples:
    """Whose the blocks are that signal with a version bit."""
    seen = _of(snapshot)
    largest, bits = _largest(seen), list(dict.fromkeys(each.bit for each in seen.signalling))[:_BITS]
    for each in seen.signalling:
        for pool, blocks in each.pools.items() if each.bit in bits else ():
            if pool in largest:
                yield (str(each.bit), pool or "unknown", each.window), blocks


def threshold_probability(snapshot: Snapshot) -> _Samples:
    """Whether each version bit comes to each threshold in this retarget period."""
    return (((str(each.bit), f"{each.ratio:g}"), each.probability) for each in _of(snapshot).forecasts)


def bip54_ratio(snapshot: Snapshot) -> _Samples:
    """Share of each window's coinbases that BIP54 would accept."""
    return (((each.window,), each.signalling / each.blocks) for each in _of(snapshot).bip54)


def selfish_mining(snapshot: Snapshot) -> _Samples:
    """Whether each pool follows itself too often for chance."""
    return (((each.leader,), each.adjusted) for each in _of(snapshot).following if each.leader == each.follower)


def _of(snapshot: Snapshot) -> Signals:
    return snapshot.signals or Signals()


def _largest(seen: Signals) -> set[PoolSlug | None]:
    return {None, *(each.pool for each in seen.streaks[:_POOLS])}


def _pooled(
    seen: Signals,
    rows: Iterable[Luck] | Iterable[EmptyBlocks] | Iterable[Reward],
    read: Callable[..., float | None],
) -> Iterator[tuple[tuple[str, ...], float]]:
    """A number for each of the largest pools, in each window."""
    largest = _largest(seen)
    for row in rows:
        if row.pool in largest and (value := read(row)) is not None:
            yield (row.pool or "unknown", row.window), value
