"""How often forgeries move a real block to another pool: a section of docs/accuracy.md.

    PYTHONPATH=tests .venv/bin/python scripts/forgery.py [--check]

Every golden coinbase with amounts is forged in every way for every large rival, and every eighth of those without in
every way that takes text alone. Writes the section anew, at the end of the page; with --check only compares.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from generated import keep
from support.forgeries import (
    CONTRADICTIONS,
    NAMES,
    PAYOUTS,
    PRICED,
    REMARKS,
    Forgery,
    Rival,
    coinbases,
    rivals,
    signature,
)

from monitor.attribution import attribute
from monitor.model import Coinbase, Confidence
from monitor.registry import PoolRegistry
from monitor.registry.loading import load_pools

PAGE = Path(__file__).parent.parent / "docs" / "accuracy.md"
HEAD = "<!-- The rest is made by `scripts/forgery.py`: change it there. -->"
KINDS = ("paid", "signed", "neither")
SMALLEST_REWARD = 100_000_000
"""Below it, not all outputs are known."""
EVERY = 8
"""So few of the coinbases without amounts, which are many and much alike."""
MONEY = (*PAYOUTS, *PRICED[:2], *(each for each in REMARKS if each not in (*PAYOUTS, *NAMES)))


def section(registry: PoolRegistry) -> Iterator[str]:
    """The section, line by line."""
    whole = [each for each in coinbases() if each.value_sat >= SMALLEST_REWARD]
    bare = [each for each in coinbases() if not each.value_sat]
    known = [(each, signature(each, registry), kind(each, registry)) for each in (*whole, *bare[::EVERY])]
    chosen = rivals(registry)
    yield f"""{HEAD}
## Forged coinbases

Each of {len(known):,} real coinbases ({len(whole)} of them with amounts) is forged for each of {len(chosen)} large
pools and attributed again. The columns count the blocks that are then attributed to that pool. *Paid*: before, most of
the reward went to the attributed pool. *Signed*: the pool was identified by its tag alone, because its payout address
is unknown or missing in the data. *Neither*: the pool was unknown. [Security](security.md#what-a-forged-coinbase-costs)
has the consequences.

| forgery | who can | costs | paid | signed | neither | marked as a conflict |
|---|---|---|---:|---:|---:|---:|"""
    for forgery in (*REMARKS, *CONTRADICTIONS, *PRICED):
        yield row(forgery, known, chosen, registry)


def kind(coinbase: Coinbase, registry: PoolRegistry) -> str:
    """By what the block is known before the forgery."""
    found = attribute(coinbase, registry)
    if found.pool is None:
        return "neither"
    return "signed" if found.confidence is Confidence.LOW else "paid"


def row(
    forgery: Forgery, known: Iterable[tuple[Coinbase, bytes, str]], chosen: Iterable[Rival], registry: PoolRegistry
) -> str:
    """The line of one forgery."""
    forged: Counter[str] = Counter()
    moved: Counter[str] = Counter()
    conflicts = 0
    for coinbase, signed, before in known:
        if forgery in MONEY and not coinbase.value_sat:
            continue
        pool = attribute(coinbase, registry).pool
        for rival in chosen:
            if rival.slug != pool:
                after = attribute(forgery.apply(coinbase, signed, rival), registry)
                forged[before] += 1
                moved[before] += after.pool == rival.slug
                conflicts += after.conflict
    cells = " | ".join(f"{moved[kind]:,} of {forged[kind]:,}" for kind in KINDS)
    return f"| {forgery.name} | {forgery.by} | {forgery.costs} | {cells} | {conflicts / forged.total():.0%} |"


def main(arguments: list[str]) -> int:
    """Write the section or compare it; the exit status."""
    page = PAGE.read_text("utf-8").split(HEAD)[0].rstrip()
    text = "\n".join((page, "", *section(load_pools()), ""))
    return keep(
        {PAGE: text}, arguments, usage=__doc__ or "", command="PYTHONPATH=tests .venv/bin/python scripts/forgery.py"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
