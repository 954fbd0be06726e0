"""The counts of a level and window under every alternative of its uncertain memberships."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.counting.levels import POOL, Entity, Nameless
from monitor.analysis.counting.rows import FIRST
from monitor.analysis.counting.time_index import Integers
from monitor.analysis.counting.windows import covered
from monitor.model import Concentration, PoolSlug, Window

ALWAYS: Final = -(2**62)
_MOST: Final = 4096
"""Combinations of alternatives. Where there are more, the smallest uncertain pools are not combined but `loose`."""
_Choices: TypeAlias = Mapping[PoolSlug, Sequence[Counter[Entity]]]
"""The entities of each uncertain pool's blocks, in every alternative. The first is the one that is counted."""


@dataclass(frozen=True, slots=True)
class UncertainMembership:
    """The alternatives for the entity of a pool at a level."""

    level: str
    pool: PoolSlug
    edges: tuple[int, ...]
    """The times (Unix seconds) at which an answer changes: between them are the eras, one more than edges."""
    answers: tuple[tuple[Entity, ...], ...]
    """What may be true: an entity for each era, with a name or `Nameless`. The first answer is the one that counts."""
    since: tuple[int, ...] = ()
    """The tip's time (Unix seconds) from which on each answer is possible; empty: all of them always are."""

    def at(self, tip: int) -> list[tuple[Entity, ...]]:
        """The answers that are possible at a tip, by its time."""
        since = self.since or [ALWAYS] * len(self.answers)
        return [answer for answer, first in zip(self.answers, since, strict=True) if first <= tip]


@dataclass(frozen=True, eq=False)
class Alternatives:
    """All that memberships allow for one level and window."""

    found: Concentration
    open: tuple[str, ...]
    """The pools whose membership is uncertain and that have blocks in the window."""
    entities: Sequence[str]
    counts: Integers
    """(alternatives, entities): the blocks of each. The first row is what is counted, less `loose` pools."""
    disputed: Integers
    """(alternatives, pools): blocks of uncertain pools that no row claims in this alternative."""
    unclaimed: Sequence[int]
    """Blocks of each pool without any row."""
    unattributed: int
    """Blocks of which nothing is known. With `unclaimed`, these may be any entity's."""
    loose: Counter[Entity]
    """As counted: the blocks of uncertain pools that are too many to be combined."""


def alternatives(
    ledger: BlockTable, found: Sequence[Concentration], questions: Sequence[UncertainMembership]
) -> Iterator[Alternatives]:
    """One for each level and window, in the order of `found`.

    Args:
        ledger: the blocks; it counts at the level `POOL`, among others.
        found: what was counted in it.
        questions: the uncertain memberships, each pool once for a level.
    """
    tip = ledger.tip.time if ledger.tip else ALWAYS
    blocks = _Eras(ledger, questions)
    for one in found:
        yield _alternatives(one, [each for each in questions if each.level == one.level], blocks, tip=tip)


class _Eras:
    """Counts the blocks of the uncertain pools by era."""

    def __init__(self, ledger: BlockTable, questions: Sequence[UncertainMembership]) -> None:
        self._rows = ledger.rows
        self._within: dict[Window, NDArray[np.bool_]] = {}
        self._places: dict[PoolSlug, NDArray[np.int64]] = {}
        if questions:
            level = [level.name for level in ledger.levels].index(POOL.name)
            codes = {pool: code for code, pool in enumerate(ledger.entities(level), FIRST)}
            entity = self._rows["entity"][:, level]
            for pool in {question.pool for question in questions}:
                self._places[pool] = np.flatnonzero(entity == codes[pool]) if pool in codes else np.empty(0, np.int64)

    def count(self, question: UncertainMembership, window: Window) -> list[int]:
        """The pool's blocks in each era."""
        places = self._places[question.pool]
        if not len(places):
            return [0] * (len(question.edges) + 1)
        if window not in self._within:
            within = np.zeros(len(self._rows), bool)
            within[covered(self._rows, window)] = True
            self._within[window] = within
        times = self._rows["time"][places[self._within[window][places]]]
        eras = np.searchsorted(np.array(question.edges), times, side="right")
        return [int(many) for many in np.bincount(eras, minlength=len(question.edges) + 1)]


def _alternatives(
    found: Concentration, questions: Sequence[UncertainMembership], blocks: _Eras, *, tip: int
) -> Alternatives:
    choices: dict[PoolSlug, list[Counter[Entity]]] = {}
    for question in questions:
        eras = blocks.count(question, found.window)
        if any(eras):
            answers = _distinct(_by_entity(answer, eras) for answer in question.at(tip))
            if len(answers) > 1:
                choices[question.pool] = answers
    combined = _largest(choices)
    settled: Counter[Entity] = Counter({share.entity: share.blocks for share in found.shares})
    settled.update({Nameless(pool): blocks for pool, blocks in found.nameless.items()})
    settled[None] = found.unknown - sum(found.nameless.values())
    for counted, *_ in choices.values():
        settled.subtract(counted)
    loose: Counter[Entity] = Counter()
    for pool in choices.keys() - combined.keys():
        loose.update(choices[pool][0])
    entities = sorted(_named(settled, *(answer for each in choices.values() for answer in each)))
    columns: list[Entity] = [*entities, *map(Nameless, combined)]
    counts = np.array([[*(settled[entity] for entity in entities), *([0] * len(combined))]], np.int64)
    for each in combined.values():
        more = np.array([[answer[entity] for entity in columns] for answer in each], np.int64)
        counts = (counts[:, None] + more).reshape(-1, len(columns))
    named, nameless = counts[:, : len(entities)], counts[:, len(entities) :]
    unclaimed = [blocks for entity, blocks in settled.items() if isinstance(entity, Nameless) and blocks]
    return Alternatives(
        found, open=tuple(sorted(choices)), entities=entities, counts=named, disputed=nameless[:, nameless.any(axis=0)],
        unclaimed=unclaimed, unattributed=settled[None], loose=loose,
    )  # fmt: skip


def _by_entity(answer: Sequence[Entity], eras: Sequence[int]) -> Counter[Entity]:
    blocks: Counter[Entity] = Counter()
    for entity, many in zip(answer, eras, strict=True):
        if many:
            blocks[entity] += many
    return blocks


def _distinct(answers: Iterator[Counter[Entity]]) -> list[Counter[Entity]]:
    kept: list[Counter[Entity]] = []
    for answer in answers:
        if answer not in kept:
            kept.append(answer)
    return kept


def _largest(choices: _Choices) -> _Choices:
    """As many of the choices as can be combined, largest first."""
    kept, combinations = {}, 1
    for pool, answers in sorted(choices.items(), key=lambda each: (-each[1][0].total(), each[0])):
        combinations *= len(answers)
        if combinations > _MOST:
            break
        kept[pool] = answers
    return kept


def _named(*counts: Counter[Entity]) -> set[str]:
    return {entity for each in counts for entity in each if isinstance(entity, str)}
