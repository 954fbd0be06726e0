"""Counts, with the names: who has which share of a window, how sure that is, and how concentrated it makes mining."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from monitor.analysis.certainty import certainties
from monitor.analysis.counts import Counts
from monitor.analysis.indices import indices
from monitor.analysis.ledger import FIRST, Ledger
from monitor.analysis.windows import covered
from monitor.model import Concentration, Rate, Shares, Window


def concentrate(
    ledger: Ledger,
    windows: Sequence[Window],
    rates: Mapping[str, Rate | None] | None = None,
    *,
    levels: Collection[str] | None = None,
    with_indices: bool = True,
) -> tuple[Concentration, ...]:
    """The concentration at every level, and within it over every window, in the order given.

    Args:
        ledger: the blocks.
        windows: which of them to count.
        rates: the network's hashrate, by window name: each entity has it in proportion to the work of its blocks.
        levels: names of the ledger's levels; None for all.
        with_indices: whether more than the shares is asked for; without, the rest is left out as of an empty window.
    """
    counted = [(window, covered(ledger.rows, window)) for window in windows]
    found = []
    for number, level in enumerate(ledger.levels):
        if levels is not None and level.name not in levels:
            continue
        entities = ledger.entities(number)
        for window, where in counted:
            sums = ledger.sums(number, where)
            unknown, alone, *known = sums.blocks.tolist()
            rate = (rates or {}).get(window.name)
            if rate:
                hashrates = (rate.value / sums.work.sum() * sums.work[FIRST:]).tolist()
            found.append(
                concentration(
                    dict(zip(entities, known, strict=True)), unknown, alone=alone, level=level.name, window=window,
                    hashrates=dict(zip(entities, hashrates, strict=True)) if rate else {}, with_indices=with_indices,
                )
            )  # fmt: skip
    return tuple(found)


def concentration(  # noqa: PLR0913 -- all that there is to say of one window
    known: Mapping[str, int],
    unknown: int,
    *,
    alone: int = 0,
    level: str,
    window: Window,
    hashrates: Mapping[str, float] | None = None,
    with_indices: bool = True,
) -> Concentration:
    """The concentration of one level over one window.

    Args:
        known: blocks of each entity; one without blocks is left out.
        unknown: blocks of nobody known. They are part of the whole that shares are shares of.
        alone: blocks of miners each for himself.
        level: its name.
        window: what was counted.
        hashrates: of each entity, where they can be told.
        with_indices: whether more than the shares is asked for.
    """
    sizes = list(known.values())
    blocks = sum(sizes) + unknown + alone
    split = indices(Counts.of(sizes, singles=unknown + alone)) if with_indices else None
    return Concentration(
        level=level,
        window=window,
        blocks=blocks,
        unknown=unknown,
        alone=alone,
        shares=_shares(known, total=blocks, hashrates=hashrates or {}),
        split=split,
        merged=indices(Counts.of([*sizes, unknown], singles=alone)) if split and unknown > 1 else split,
    )


def foresee(found: Iterable[Concentration]) -> None:
    """Work out now how sure the next block's numbers will be, so that it need not wait for that.

    It adds one block to a window, and as a rule no more than three leave at the other end. What comes otherwise is
    worked out when it comes.
    """
    pairs = {(share.blocks, one.blocks) for one in found for share in one.shares}
    likely = {(x + more, n + longer) for x, n in pairs for more in (-1, 0, 1) for longer in (-2, -1, 0, 1)}
    certainties((x, n) for x, n in likely if 0 < x <= n)


def _shares(known: Mapping[str, int], *, total: int, hashrates: Mapping[str, float]) -> Shares:
    ranked = sorted([(-blocks, entity) for entity, blocks in known.items() if blocks])
    sure = certainties([(-minus, total) for minus, _ in ranked])
    return Shares([
        (entity, -minus, total, certainty, hashrates.get(entity))
        for (minus, entity), certainty in zip(ranked, sure, strict=True)
    ])  # fmt: skip
