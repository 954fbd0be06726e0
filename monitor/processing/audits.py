"""The state of the audit: stored audits, counted by pool and template group over windows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from monitor.analysis.audit.policies import policy_changes
from monitor.analysis.audit.rates import UNKNOWN, drops, pool_audits
from monitor.analysis.audit.sanctioned import cases
from monitor.model import AuditRow, AuditView, PoolAudit, SanctionedSighting

WINDOWS: Final = {"7d": 7 * 86_400, "30d": 30 * 86_400, "90d": 90 * 86_400}
"""Windows of header time that end at the newest audited block, in seconds."""
LONGEST_SECONDS: Final = max(WINDOWS.values())
_RECENT_SECONDS: Final = WINDOWS["7d"]
_BEFORE_SECONDS: Final = _RECENT_SECONDS + WINDOWS["30d"]


def audit_view(
    rows: Sequence[AuditRow],
    sightings: Sequence[SanctionedSighting],
    belongs: Callable[[str, int], Mapping[str, str | None]],
) -> AuditView:
    """Count all audits.

    Args:
        rows: lowest first.
        sightings: of transactions of the user's list, lowest first.
        belongs: what a pool belonged to at a time, by level.
    """
    if not rows:
        return AuditView(None, sanctioned=tuple(cases(sightings)))
    memo = dict[tuple[str, int], str]()

    def template(row: AuditRow) -> str:
        if row.pool is None:
            return UNKNOWN
        day = row.time // 86_400
        if (row.pool, day) not in memo:
            memo[row.pool, day] = belongs(row.pool, row.time).get("template") or row.pool
        return memo[row.pool, day]

    levels: dict[str, Callable[[AuditRow], str]] = {"pool": pool_of, "template": template}
    end = rows[-1].time
    pools = list[PoolAudit]()
    for window, seconds in WINDOWS.items():
        part = [row for row in rows if row.time > end - seconds]
        for level, entity_of in levels.items():
            pools += pool_audits(part, sightings, level=level, window=window, entity_of=entity_of)
    before = [row for row in rows if end - _BEFORE_SECONDS < row.time <= end - _RECENT_SECONDS]
    return AuditView(
        None,
        pools=tuple(pools),
        changes=tuple(policy_changes(rows)),
        sanctioned=tuple(cases(sightings)),
        drops=drops(
            (each for each in pools if (each.level, each.window) == ("pool", "7d")),
            pool_audits(before, (), level="pool", window="before", entity_of=pool_of),
        ),
    )


def pool_of(row: AuditRow) -> str:
    """The pool of a block."""
    return row.pool or UNKNOWN
