"""What a monitor may know of template builders and custody."""

from __future__ import annotations

from monitor.analysis.groups.groups import proposals
from monitor.model import BuildersView, CustodyState, Evidence, EvidenceKind, PayoutStyle, PoolSlug

DAY = 86_400
HOSTILE = "<script>alert(1)</script>"


def view_of(*pools: PoolSlug, now: int = 1_764_000_000) -> BuildersView:
    """The first two have the same template and custodian; the third is built like the first."""
    one, other, third = (*sorted(pools[:2]), pools[2])
    found = (
        _evidence(EvidenceKind.CO_SPENT, (one, other), now - 200 * DAY, now - 5 * DAY),
        _evidence(EvidenceKind.OMISSIONS, (one, other), now - 40 * DAY, now - DAY),
        _evidence(EvidenceKind.STRUCTURE, (min(one, third), max(one, third)), now - 90 * DAY, now),
    )
    sizes = {pool: 100 - at for at, pool in enumerate(pools)}
    styles = tuple(
        PayoutStyle(
            pool, 1_200 // (at + 1), "custodial" if at else "in_the_coinbase", {"custodial": 3, "in_the_coinbase": 3},
            scripts=2, script_since=now - 99 * DAY if at else None, changes=((now - 99 * DAY, "0014ab"),) if at else (),
            spent=at, days_until_spent=(1.0, 4.5, 12.25) if at else None,
        )
        for at, pool in enumerate(pools)
    )  # fmt: skip
    return BuildersView(
        CustodyState(None, scanned=52_000, missing=12, spends=41_234),
        evidence=found,
        proposals=tuple(
            each for level in ("template", "custodian") for each in proposals(found, level=level, sizes=sizes, now=now)
        ),
        counted_as={third: "elsewhere"}, styles=styles, at=now, edition=1,
    )  # fmt: skip


def _evidence(kind: EvidenceKind, pools: tuple[PoolSlug, PoolSlug], since: int, until: int) -> Evidence:
    text = f"{pools[0]} and {pools[1]} are alike; {HOSTILE}"
    return Evidence(kind, pools, since, until, similarity=0.93, n=140, p=2e-7, text=text)
