"""The range of a number over all alternatives of uncertain memberships."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.counting.counts import Counts
from monitor.analysis.counting.levels import POOL, Entity
from monitor.analysis.counting.rows import FIRST
from monitor.analysis.counting.time_index import Integers
from monitor.analysis.counting.windows import covered
from monitor.analysis.indices import hhi, nakamoto
from monitor.model import Concentration, Envelope, Interval, PoolSlug, Window

_MOST: Final = 4096
"""Combinations of answers that are looked at. Where there are more, the smallest pools in question stay as counted."""
_Choices: TypeAlias = Mapping[PoolSlug, Sequence[Counter[Entity]]]
"""The entity of each pool's blocks, in every alternative. The first is the one that is counted."""


@dataclass(frozen=True, slots=True)
class UncertainMembership:
    """The alternatives for the entity of a pool at a level."""

    level: str
    pool: PoolSlug
    edges: tuple[int, ...]
    """The times (Unix seconds) at which an answer changes: between them are the eras, one more than edges."""
    answers: tuple[tuple[Entity, ...], ...]
    """What may be true: an entity for each era. The first answer is the one that is counted with."""


def envelopes(
    ledger: BlockTable, found: Sequence[Concentration], questions: Sequence[UncertainMembership]
) -> tuple[Envelope, ...]:
    """The range of each level and window that has blocks of a pool in question.

    Args:
        ledger: the blocks; it counts at the level `POOL`, whatever else.
        found: what was counted in it.
        questions: what is open, each pool once for a level.
    """
    blocks = _Eras(ledger, questions)
    ranges = (_envelope(one, [q for q in questions if q.level == one.level], blocks) for one in found)
    return tuple(envelope for envelope in ranges if envelope is not None)


class _Eras:
    """Counts the blocks of the pools in question by era."""

    def __init__(self, ledger: BlockTable, questions: Sequence[UncertainMembership]) -> None:
        self._rows = ledger.rows
        level = [level.name for level in ledger.levels].index(POOL.name)
        codes = {pool: code for code, pool in enumerate(ledger.entities(level), FIRST)}
        pools = {question.pool for question in questions}
        self._places = {pool: np.flatnonzero(self._rows["entity"][:, level] == codes.get(pool, -1)) for pool in pools}
        self._within: dict[Window, NDArray[np.bool_]] = {}

    def count(self, question: UncertainMembership, window: Window) -> list[int]:
        """The pool's blocks in each era."""
        if window not in self._within:
            within = np.zeros(len(self._rows), bool)
            within[covered(self._rows, window)] = True
            self._within[window] = within
        places = self._places[question.pool]
        times = self._rows["time"][places[self._within[window][places]]]
        eras = np.searchsorted(np.array(question.edges), times, side="right")
        return [int(many) for many in np.bincount(eras, minlength=len(question.edges) + 1)]


def _envelope(found: Concentration, questions: Sequence[UncertainMembership], blocks: _Eras) -> Envelope | None:
    open_ = {}
    for question in questions:
        eras = blocks.count(question, found.window)
        answers = [_by_entity(answer, eras) for answer in question.answers]
        if any(answer != answers[0] for answer in answers):
            open_[question.pool] = answers
    choices = _largest(open_)
    if not choices:
        return None
    settled: Counter[Entity] = Counter({share.entity: share.blocks for share in found.shares})
    settled[None] = found.unknown
    for counted, *_ in choices.values():
        settled.subtract(counted)
    entities: list[Entity] = [
        None,
        *sorted(_named(settled) | {name for each in choices.values() for name in _named(*each)}),
    ]
    counts = np.array([[settled[entity] for entity in entities]])
    for each in choices.values():
        more = np.array([[answer[entity] for entity in entities] for answer in each])
        counts = (counts[:, None] + more).reshape(-1, len(entities))
    shares = {str(entity): _range(counts[:, at] / found.blocks) for at, entity in enumerate(entities) if entity}
    readings = {
        # whatever is in no column are miners of one block each
        name: Counts.ranked(columns, found.blocks - columns.sum(axis=1))
        for name, columns in (("split", counts[:, 1:]), ("merged", counts))
    }
    return Envelope(
        level=found.level,
        window=found.window.name,
        open=tuple(sorted(choices)),
        hhi={name: _range(hhi(reading)) for name, reading in readings.items()},
        nakamoto={name: _range(nakamoto(reading)) for name, reading in readings.items()},
        shares={entity: interval for entity, interval in shares.items() if interval.lower < interval.upper},
    )


def _by_entity(answer: Sequence[Entity], eras: Sequence[int]) -> Counter[Entity]:
    blocks: Counter[Entity] = Counter()
    for entity, many in zip(answer, eras, strict=True):
        if many:
            blocks[entity] += many
    return blocks


def _largest(choices: _Choices) -> _Choices:
    """As many of the choices as can be combined."""
    kept, combinations = {}, 1
    for pool, answers in sorted(choices.items(), key=lambda each: (-each[1][0].total(), each[0])):
        combinations *= len(answers)
        if combinations > _MOST:
            break
        kept[pool] = answers
    return kept


def _named(*counts: Counter[Entity]) -> set[str]:
    return {entity for each in counts for entity in each if isinstance(entity, str)}


def _range(numbers: NDArray[np.float64] | Integers) -> Interval:
    return Interval(numbers.min().item(), numbers.max().item())
