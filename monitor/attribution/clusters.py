"""Groups unattributed blocks by miner, and names each group.

A payout script and a text are two kinds of evidence. Each points to at most one of the other kind, by what its own
blocks show, and connected blocks are one miner's. Copying a miner's text therefore only adds the copier's own blocks;
two others are joined only by outdoing one of them. docs/adr/0015-unknown-miners.md has the reasons.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from functools import lru_cache
from typing import TypeAlias, TypeVar

from monitor.attribution.fingerprint import Fingerprint
from monitor.model import PSEUDONYM, Cluster
from monitor.registry.address import address_of
from monitor.text import excerpt

TWICE = 2
"""Once is chance, or someone else's joke; twice is a habit."""
_PART = 4
"""A payout belongs to a text that others sign as well if at least one in this many of its blocks carries it."""
_BRANDS = 4
"""A payout with this many different recurring signatures is shared by several miners."""
_NAME_DIGITS = 4
_MAX_EVIDENCE = 5
_MAX_LETTERS = 60


_Mark = TypeVar("_Mark", str, bytes)
Evidence: TypeAlias = bytes | tuple[str, str]
"""A payout script, or the shape of a text."""
Marks: TypeAlias = tuple[bytes | None, tuple[str, str] | None]
"""What a block has of both."""


def clusters(
    fingerprints: Mapping[int, Fingerprint], *, network: str = "main", custodians: Collection[bytes] = ()
) -> dict[int, Cluster]:
    """The miners behind unattributed blocks. A block that shares nothing with another is in none.

    Args:
        fingerprints: of every unattributed block there is, by height, not of a window: a cluster is named after its
            first block.
        network: determines how addresses are written.
        custodians: scripts known to be shared by several miners, which link nothing.
    """
    marks = {height: (fingerprints[height].payout, fingerprints[height].shape) for height in sorted(fingerprints)}
    links = _Links(marks.values(), custodians)
    members: defaultdict[Evidence, list[int]] = defaultdict(list)
    for height, mark in marks.items():
        if (home := links.home(mark)) is not None:
            members[home].append(height)
    found = {}
    names: set[str] = set()
    for heights in members.values():  # the oldest first, because `marks` is sorted: it keeps the short name
        if len(heights) >= TWICE:
            first, *_ = heights
            name = pseudonym(fingerprints[first], names)
            names.add(name)
            own = [fingerprints[height] for height in heights]
            found.update(dict.fromkeys(heights, Cluster(name, len(heights), _evidence(own, links, network))))
    return found


class _Links:
    """Which evidence belongs together."""

    def __init__(self, marks: Collection[Marks], custodians: Collection[bytes]) -> None:
        both = Counter((payout, shape) for payout, shape in marks if payout is not None and shape is not None)
        paid = Counter(payout for payout, _ in marks if payout is not None)
        signed = Counter(shape for _, shape in marks if shape is not None)
        brands: defaultdict[bytes, set[str]] = defaultdict(set)
        for (payout, shape), blocks in both.items():
            if blocks >= TWICE:
                brands[payout].add(_brand(shape[0]))
        self.payouts = {
            payout
            for payout, blocks in paid.items()
            if blocks >= TWICE and payout not in custodians and len(brands[payout]) < _BRANDS
        }
        self._parents: dict[Evidence, Evidence] = {}
        followed: dict[bytes, tuple[int, tuple[str, str]]] = {}
        for (payout, shape), blocks in both.items():
            if payout not in self.payouts or blocks < TWICE:
                continue
            if 2 * blocks > signed[shape]:
                self._join(shape, payout)
            elif _PART * blocks >= paid[payout] and blocks > followed.get(payout, (0, shape))[0]:
                followed[payout] = (blocks, shape)
        for payout, (_, shape) in followed.items():
            self._join(payout, shape)

    def home(self, marks: Marks) -> Evidence | None:
        """The mark that identifies the miner of a block. A payout outranks a text."""
        payout, shape = marks
        mark = payout if payout in self.payouts else shape
        return None if mark is None else self._root(mark)

    def _join(self, one: Evidence, other: Evidence) -> None:
        one, other = self._root(one), self._root(other)
        if one != other:
            self._parents[one] = other

    def _root(self, mark: Evidence) -> Evidence:
        while (parent := self._parents.get(mark)) is not None:
            if (next_one := self._parents.get(parent)) is not None:
                self._parents[mark] = next_one  # halves the way for the next who asks
            mark = parent
        return mark


def _brand(text: str) -> str:
    """The first part: `/Meadow/alice/` and `/Meadow/bob/` belong together."""
    found = re.search(r"[^\W\d_]{3,}", text)
    return found[0].casefold() if found else text


def pseudonym(first: Fingerprint, taken: Collection[str] = ()) -> str:
    """A pseudonym from the first block's evidence, with as many digits as distinguish it from those `taken`."""
    length = _NAME_DIGITS
    while (name := f"{PSEUDONYM}{first.digest[:length]}") in taken:
        length += 1
    return name


# -- what is shown -----------------------------------------------------------------------------------------------------


def _evidence(found: list[Fingerprint], links: _Links, network: str) -> tuple[str, ...]:
    payouts = Counter(mark.payout for mark in found if mark.payout is not None and mark.payout in links.payouts)
    texts = Counter(mark.text for mark in found if mark.text is not None)
    (structure, alike), *_ = Counter(mark.structure for mark in found).most_common(1)
    return (
        *_listed("payout to", payouts, lambda payout: shown(payout, network), more="payout scripts"),
        *_listed("text", Counter({text: n for text, n in texts.items() if n >= TWICE}), _quoted, more="texts"),
        f"coinbase with {structure}: {_blocks(alike)}",
    )


def _listed(what: str, counted: Counter[_Mark], show: Callable[[_Mark], str], *, more: str) -> list[str]:
    ranked = sorted(counted.items(), key=lambda entry: (-entry[1], entry[0]))
    lines = [f"{what} {show(mark)}: {_blocks(blocks)}" for mark, blocks in ranked[:_MAX_EVIDENCE]]
    if len(ranked) > _MAX_EVIDENCE:
        lines.append(f"{len(ranked) - _MAX_EVIDENCE} more {more}")
    return lines


def _blocks(count: int) -> str:
    return f"{count} block{'' if count == 1 else 's'}"


def _quoted(text: str) -> str:
    return f"'{short(text)}'"


@lru_cache(maxsize=2_000)
def shown(payout: bytes, network: str) -> str:
    """A payout script for people: its address, or its hex, shortened."""
    return address_of(payout, network) or f"script {short(payout.hex())}"


def short(text: str) -> str:
    """A miner's text, safe to show and not long."""
    return excerpt(text, _MAX_LETTERS)
