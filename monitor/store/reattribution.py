"""History judged anew by another registry, from the stored coinbases, without the node.

Blocks are judged in chunks; those whose verdict differs are noted beside `blocks`, with how far the work has come, so
that it goes on after a crash. At the end one transaction moves them all, and stamps the unchanged verdicts with the new
registry: whoever reads sees the old history or the new one, never a mixture.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from monitor.model import Attribution, Coinbase, PoolSlug
from monitor.store.queries import fact, note
from monitor.store.rows import attribution_of, attribution_row
from monitor.store.schema import attributions, blocks, facts, verdicts
from monitor.store.verdicts import Verdicts
from monitor.wire import decode_outputs

_CHUNK = 20_000
_CURSOR = "reattribution"


@dataclass(frozen=True, slots=True)
class Moved:
    """So many blocks of one pool are another's now; None is unknown."""

    before: PoolSlug | None
    after: PoolSlug | None
    blocks: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some blocks, judged."""

    blocks: int
    last: int
    """The number of the last of them."""
    changed: list[tuple[int, Attribution]]
    """Those whose verdict differs, by their number."""


class Reattribution:
    """One run. Its methods are called in the order in which they stand, `judge` and `note` until nothing is left.

    Args:
        judge: what the new registry says of a coinbase.
        registry: its content hash.
        known: numbers verdicts.
    """

    def __init__(self, judge: Callable[[Coinbase], Attribution], registry: str, known: Verdicts) -> None:
        self._judge = judge
        self._registry = registry
        self._known = known
        self._after = 0
        self._old: dict[int, Attribution] = {}

    def begin(self, connection: Connection) -> int:
        """Find out what is to be done, and where an earlier run for the same registry stopped.

        Returns:
            How many blocks are left.
        """
        stored = fact(connection, _CURSOR)
        cursor = json.loads(stored) if stored else {}
        if cursor.get("registry") == self._registry:
            self._after = cursor["after"]
        else:
            connection.execute(delete(verdicts))
        rows = connection.execute(select(attributions).where(attributions.c.registry != self._registry)).mappings()
        # Stamped with the new registry already: what is unchanged compares equal.
        self._old = {row["id"]: replace(attribution_of(dict(row)), registry=self._registry) for row in rows}
        left = select(func.count()).select_from(blocks).where(blocks.c.id > self._after)
        return connection.execute(left).scalar_one() if self._old else 0

    def judge(self, connection: Connection) -> Chunk | None:
        """Judge the next blocks; None when there are no more."""
        if not self._old:
            return None
        rows = connection.execute(
            select(*(blocks.c[name] for name in ("id", "coinbase_script", "coinbase_outputs", "attribution", "miner")))
            .where(blocks.c.id > self._after)
            .order_by(blocks.c.id)
            .limit(_CHUNK)
        ).all()
        changed = []
        for number, script, outputs, attribution, miner in rows:
            before = self._old.get(attribution)
            if before is None:
                continue  # judged by the new registry: it came meanwhile
            after = self._judge(Coinbase(script, decode_outputs(outputs)[0]))
            if after.miner != miner or (after if miner is None else replace(after, miner=None)) != before:
                changed.append((number, after))
        return Chunk(len(rows), rows[-1][0], changed) if rows else None

    def note(self, chunk: Chunk, connection: Connection) -> None:
        """Write down what was found, and how far the work has come."""
        rows = [
            {"block": number, "attribution": self._known.number(connection, verdict), "miner": verdict.miner}
            for number, verdict in chunk.changed
        ]
        if rows:
            connection.execute(insert(verdicts), rows)
        self._after = chunk.last
        note(connection, _CURSOR, json.dumps({"registry": self._registry, "after": self._after}))

    def finish(self, connection: Connection) -> list[Moved]:
        """Make what was noted the history; tell where blocks moved from one pool to another."""
        moved = _moves(connection)
        noted = verdicts.c.block == blocks.c.id
        connection.execute(
            update(blocks)
            .where(exists().where(noted))
            .values(
                {name: select(verdicts.c[name]).where(noted).scalar_subquery() for name in ("attribution", "miner")}
            )
        )
        connection.execute(delete(verdicts))
        for number, verdict in self._old.items():
            self._stamp(connection, number, attribution_row(verdict))
        connection.execute(delete(facts).where(facts.c.name == _CURSOR))
        self._known.forget()
        return moved

    def _stamp(self, connection: Connection, number: int, row: dict[str, Any]) -> None:
        """Let an unchanged verdict be the new registry's; one that nobody needs any more goes."""
        twin = connection.execute(select(attributions.c.id).where(attributions.c.digest == row["digest"])).scalar()
        ours = blocks.c.attribution == number
        if twin is not None:
            connection.execute(update(blocks).where(ours).values(attribution=twin))
        elif connection.execute(select(exists().where(ours))).scalar():
            connection.execute(update(attributions).where(attributions.c.id == number).values(row))
            return
        connection.execute(delete(attributions).where(attributions.c.id == number))


def _moves(connection: Connection) -> list[Moved]:
    before, after = attributions.alias(), attributions.alias()
    pairs = connection.execute(
        select(before.c.pool, after.c.pool, func.count())
        .select_from(verdicts)
        .join(blocks, blocks.c.id == verdicts.c.block)
        .join(before, before.c.id == blocks.c.attribution)
        .join(after, after.c.id == verdicts.c.attribution)
        .group_by(before.c.pool, after.c.pool)
    )
    found = Counter({(old, new): count for old, new, count in pairs if old != new})
    return [Moved(old, new, count) for (old, new), count in found.most_common()]
