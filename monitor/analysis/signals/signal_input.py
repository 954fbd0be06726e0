"""The table as the signals read it: at the level `pool`, in columns of their own, with what each window covers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.block_table import BlockTable, Where
from monitor.analysis.counting.levels import POOL
from monitor.analysis.counting.rows import FIRST
from monitor.analysis.counting.windows import covered
from monitor.model import PoolSlug, Window

Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SignalInput:
    """The blocks from the first of the longest window on, lowest first.

    Longest is the window that covers most blocks. What it says of a pool is what the others are compared with.
    """

    pools: tuple[PoolSlug | None, ...]
    """Those with blocks in the longest window, largest first, then by name; the last is the unknown."""
    pool: Numbers
    """Of each block, as an index into `pools`; one beyond it stands for the pools that are not there."""
    height: Numbers
    time: Numbers
    gap: NDArray[np.float64]
    """Seconds after the parent's header time; NaN where the parent is not known."""
    value: Numbers
    bits: NDArray[np.uint16]
    empty: NDArray[np.bool_]
    bip54: NDArray[np.bool_]
    where: Mapping[str, Where]
    """What each window covers, by its name."""
    longest: Where
    """What the longest window covers."""

    @classmethod
    def of(cls, table: BlockTable, windows: Sequence[Window]) -> SignalInput:
        """Read a table.

        Raises:
            ValueError: it is empty, does not count pools, or there is no window.
        """
        rows = table.rows
        if not len(rows) or not windows:
            raise ValueError("there are no signals without blocks and windows")
        places = np.arange(len(rows))
        longest = max(windows, key=lambda window: len(places[covered(rows, window)]))
        first = int(places[covered(rows, longest)][0])
        gap = np.diff(rows["time"].astype(np.float64), prepend=np.nan)
        rows = rows[first:]
        where = {window.name: covered(rows, window) for window in windows}
        level = table.levels.index(POOL)
        pools, pool = _ranked(rows["entity"][:, level], table.entities(level), where[longest.name])
        return cls(
            pools=pools,
            pool=pool,
            height=rows["height"].astype(np.int64),
            time=rows["time"].astype(np.int64),
            gap=gap[first:],
            value=rows["value"].copy(),
            bits=rows["bits"].copy(),
            empty=rows["empty"].copy(),
            bip54=rows["bip54"].copy(),
            where=where,
            longest=where[longest.name],
        )

    @property
    def named(self) -> tuple[PoolSlug, ...]:
        """The pools without the unknown; the first indices are theirs."""
        return tuple(pool for pool in self.pools if pool is not None)

    @property
    def shares(self) -> dict[PoolSlug, float]:
        """Of each pool in the longest window."""
        found = self.count(self.longest)
        return dict(zip(self.named, (found[:-1] / found.sum()).tolist(), strict=True))

    def count(self, where: Where, chosen: NDArray[np.bool_] | None = None) -> Numbers:
        """Blocks of each of `pools` in a window: all of them, or those that are chosen."""
        pool = self.pool[where]
        return self._by_pool(pool if chosen is None else pool[chosen[where]])

    def total(self, where: Where, values: Numbers) -> Numbers:
        """The sum of a column over each pool's blocks in a window; exact up to 2**53."""
        return self._by_pool(self.pool[where], values[where])

    def _by_pool(self, pool: Numbers, values: Numbers | None = None) -> Numbers:
        sums = np.bincount(pool, values, minlength=len(self.pools))[: len(self.pools)]
        return sums.astype(np.int64, copy=False)


def _ranked(
    codes: NDArray[np.int32], entities: Sequence[str], counted: Where
) -> tuple[tuple[PoolSlug | None, ...], Numbers]:
    """Number the pools by their counted blocks; return the number of each block's pool."""
    blocks = np.bincount(codes[counted], minlength=len(entities) + FIRST)[FIRST:].tolist()
    found = sorted((-many, name, code) for code, (name, many) in enumerate(zip(entities, blocks, strict=True)) if many)
    rank = np.full(len(entities) + FIRST, len(found) + 1)
    rank[:FIRST] = len(found)
    rank[[FIRST + code for _, _, code in found]] = np.arange(len(found))
    return (*(PoolSlug(name) for _, name, _ in found), None), rank[codes]
