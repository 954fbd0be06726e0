"""Re-attribution of stored blocks with another registry, from the stored coinbases, without the node.

Blocks are attributed in chunks. Those whose attribution changes are written to `pending_attributions`, with the
progress, so that the work resumes after a crash. At the end one transaction moves them all to `blocks` and stamps the
unchanged attributions with the new registry: a reader sees the old history or the new one, never a mixture. An
attribution that an older version stored without a confidence takes the one of its first block in place, so that an
upgrade does not rewrite every block.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from monitor.model import Attribution, Coinbase, Confidence, PoolSlug
from monitor.store.attribution_ids import AttributionIds
from monitor.store.queries import get_metadata, set_metadata
from monitor.store.rows import attribution_of, attribution_row, without_miner
from monitor.store.schema import attributions, blocks, metadata, pending_attributions
from monitor.wire import decode_outputs

_CHUNK = 2_000
_CURSOR = "reattribution"


@dataclass(frozen=True, slots=True)
class Moved:
    """Blocks that moved from one pool to another; None is unknown."""

    before: PoolSlug | None
    after: PoolSlug | None
    blocks: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """Blocks that were attributed in one step."""

    blocks: int
    last: int
    """Row id of the last of them."""
    changed: list[tuple[int, Attribution]]
    """Row id and new attribution of those that changed."""


class Reattribution:
    """One run by a registry, given by its content hash: `begin`, then `attribute` and `save` in turn, then `finish`."""

    def __init__(self, attribute: Callable[[Coinbase], Attribution], registry: str, ids: AttributionIds) -> None:
        self._attribute = attribute
        self._registry = registry
        self._ids = ids
        self._after = 0
        self._old: dict[int, Attribution] = {}
        self._confidences: dict[int, Confidence] = {}
        """Of stored attributions that came without one: what the first of their blocks has now."""

    def begin(self, connection: Connection) -> int:
        """Determine what is to be done, resuming an interrupted run for the same registry.

        Returns:
            Number of blocks left.
        """
        stored = get_metadata(connection, _CURSOR)
        cursor = json.loads(stored) if stored else {}
        if cursor.get("registry") == self._registry:
            self._after = cursor["after"]
            self._confidences = {int(row): Confidence(each) for row, each in cursor.get("confidences", {}).items()}
        else:
            connection.execute(delete(pending_attributions))
            connection.execute(delete(metadata).where(metadata.c.name == _CURSOR))
        rows = connection.execute(select(attributions).where(attributions.c.registry != self._registry)).mappings()
        # Already stamped with the new registry, so that unchanged attributions compare equal.
        self._old = {row["id"]: replace(attribution_of(dict(row)), registry=self._registry) for row in rows}
        for number, confidence in self._confidences.items():
            self._old[number] = replace(self._old[number], confidence=confidence)
        left = select(func.count()).select_from(blocks).where(blocks.c.id > self._after)
        return connection.execute(left).scalar_one() if self._old else 0

    @property
    def is_needed(self) -> bool:
        """Whether another registry has attributed any block; known after `begin`."""
        return bool(self._old)

    def attribute(self, connection: Connection) -> Chunk | None:
        """Attribute the next blocks; None when there are no more."""
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
                continue  # attributed by the new registry: it was connected meanwhile
            after = self._attribute(Coinbase(script, decode_outputs(outputs)[0]))
            shared = without_miner(after)
            if (
                before.confidence is None
                and shared.confidence
                and shared == replace(before, confidence=shared.confidence)
            ):
                self._confidences[attribution] = shared.confidence
                before = self._old[attribution] = shared
            if after.miner != miner or shared != before:
                changed.append((number, after))
        return Chunk(len(rows), rows[-1][0], changed) if rows else None

    def save(self, chunk: Chunk, connection: Connection) -> None:
        """Write the changes of a chunk, and the progress."""
        rows = [
            {"block": number, "attribution": self._ids.id_of(connection, changed), "miner": changed.miner}
            for number, changed in chunk.changed
        ]
        if rows:
            connection.execute(insert(pending_attributions), rows)
        self._after = chunk.last
        cursor = {"registry": self._registry, "after": self._after, "confidences": self._confidences}
        set_metadata(connection, _CURSOR, json.dumps(cursor))

    def finish(self, connection: Connection) -> list[Moved]:
        """Move the pending attributions to `blocks`; return where blocks moved from one pool to another."""
        moved = _moves(connection)
        pending = pending_attributions.c
        matches = pending.block == blocks.c.id
        connection.execute(
            update(blocks)
            .where(exists().where(matches))
            .values({name: select(pending[name]).where(matches).scalar_subquery() for name in ("attribution", "miner")})
        )
        connection.execute(delete(pending_attributions))
        for number, unchanged in self._old.items():
            self._stamp(connection, number, attribution_row(unchanged))
        connection.execute(delete(metadata).where(metadata.c.name == _CURSOR))
        self._ids.clear()
        return moved

    def _stamp(self, connection: Connection, number: int, row: dict[str, Any]) -> None:
        """Stamp an unchanged attribution with the new registry; delete it if no block refers to it any more."""
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
        .select_from(pending_attributions)
        .join(blocks, blocks.c.id == pending_attributions.c.block)
        .join(before, before.c.id == blocks.c.attribution)
        .join(after, after.c.id == pending_attributions.c.attribution)
        .group_by(before.c.pool, after.c.pool)
    )
    found = Counter({(old, new): count for old, new, count in pairs if old != new})
    return [Moved(old, new, count) for (old, new), count in found.most_common()]
