"""The best chain among block records in any order, linked by hash from the tip down. Pure."""

from __future__ import annotations

from array import array
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from monitor.errors import NodeBusy
from monitor.model import BlockRef
from monitor.node.blockrecords import Records

Rows = NDArray[np.int64]
"""Row numbers in a table of records."""

_NOWHERE = -1
_AT_ONCE = 1 << 16
_WORDS = np.dtype([("first", "<u8"), ("rest", "V24")])


@dataclass(frozen=True, slots=True, eq=False)
class Linked:
    """Which records form the chain and which branch off it."""

    chain: Rows
    """Lowest first, the tip last, each the parent of the next; the first is the genesis block unless files are gone."""
    first_height: int
    """Height of the first of `chain`."""
    stale: Rows
    """Branches from the chain below the tip: stale ones, and some that the node found invalid."""
    stale_heights: Rows
    loose: int
    """How many blocks are neither: descendants of the tip, and blocks with missing ancestors."""


def linked(records: Records, tip: BlockRef) -> Linked:
    """Follow the parents from `tip` down as far as there are records. Duplicate records count once.

    Raises:
        NodeBusy: the tip is not among the records; it may have come after the scan.
    """
    hashes, below, is_copy = _below(records)
    wanted = bytes.fromhex(tip.hash)[::-1]
    among = np.flatnonzero(hashes == np.frombuffer(wanted, "<u8")[0])
    top = next((int(row) for row in among if records["hash"][row].tobytes() == wanted), _NOWHERE)
    if top == _NOWHERE:
        raise NodeBusy(f"block {tip.hash} is not in the node's block files: read them again, or check node.blocks_dir")
    links = below.data
    chain = _descent(links, top)
    first_height = tip.height - len(chain) + 1
    heights = np.full(len(records), _NOWHERE, np.int64)
    heights[chain] = np.arange(first_height, tip.height + 1)
    is_off = ~is_copy
    is_off[chain] = False
    stale = _branches(links, heights, np.flatnonzero(is_off), top=top)
    return Linked(chain, first_height, stale, stale_heights=heights[stale], loose=int(is_off.sum()) - len(stale))


def _below(records: Records) -> tuple[NDArray[np.uint64], Rows, NDArray[np.bool_]]:
    """The first eight bytes of each hash, the row of each record's parent, and which records are duplicates.

    Rows are found by eight bytes and then compared as a whole, which takes half the memory of sorting whole hashes. Of
    two different blocks that share the eight bytes only the first is found: among a million blocks, the probability of
    such a pair is 1 in 37 million.
    """
    keys = records["hash"].view(_WORDS)["first"].copy()
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    below = np.empty(len(records), np.int64)
    is_copy = np.zeros(len(records), np.bool_)
    for start in range(0, len(records), _AT_ONCE):  # in pieces, to limit memory
        piece = slice(start, start + _AT_ONCE)
        for name, wanted in (("hash", keys[piece]), ("parent", records["parent"][piece].view(_WORDS)["first"])):
            place = np.minimum(np.searchsorted(ordered, wanted), len(records) - 1)
            found = order[place]
            is_same = records["hash"][found] == records[name][piece]
            if name == "hash":
                is_copy[piece] = is_same & (found != np.arange(start, start + len(found)))
            else:
                below[piece] = np.where(is_same, found, _NOWHERE)
    return keys, below, is_copy


def _descent(links: memoryview, top: int) -> Rows:
    rows = array("q", (top,))
    while (top := links[top]) != _NOWHERE:
        rows.append(top)
    rows.reverse()
    return np.frombuffer(rows, np.int64)


def _branches(links: memoryview, heights: Rows, rows: Rows, *, top: int) -> Rows:
    """Those of `rows` with a path to the chain below `top`. Fills in their `heights`."""
    astray = {_NOWHERE, top}
    for row in rows.tolist():
        path, at = [], row
        while at not in astray and heights[at] == _NOWHERE:
            path.append(at)
            at = links[at]
        if at in astray:
            astray.update(path)
        else:
            heights[path] = heights[at] + np.arange(len(path), 0, -1)
    found: Rows = rows[heights[rows] != _NOWHERE]
    return found
