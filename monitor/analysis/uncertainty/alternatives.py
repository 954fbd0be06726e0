"""The counts of a level and window under every alternative of its uncertain memberships."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.counting.block_table import BlockTable
from monitor.analysis.counting.levels import POOL, Entity, Nameless
from monitor.analysis.counting.rows import CONFIDENCES, FIRST
from monitor.analysis.counting.time_index import Integers
from monitor.analysis.counting.windows import covered
from monitor.model import Concentration, Confidence, PoolSlug, Window

ALWAYS: Final = -(2**62)
_MOST: Final = 4096
"""Combinations of alternatives. Where there are more, the smallest uncertain pools are not combined but `loose`."""
_Choices: TypeAlias = Mapping[PoolSlug, Sequence["_Claims"]]
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
    sure: Integers
    """(alternatives, entities and pools): the columns of `counts`, `disputed` and `unclaimed` without the blocks of low
    confidence."""


def alternatives(
    table: BlockTable, found: Sequence[Concentration], questions: Sequence[UncertainMembership]
) -> Iterator[Alternatives]:
    """One for each level and window, in the order of `found`.

    Args:
        table: the blocks; it counts at the level `POOL`, among others.
        found: what was counted in it.
        questions: the uncertain memberships, each pool once for a level.
    """
    tip = table.tip.time if table.tip else ALWAYS
    blocks = _Blocks(table, questions)
    for one in found:
        yield _alternatives(one, [each for each in questions if each.level == one.level], blocks, tip=tip)


class _Claims(NamedTuple):
    """Blocks by the entity that they count for."""

    counts: Counter[Entity]
    doubtful: Counter[Entity]
    """Those of them with an attribution of low confidence."""


class _Blocks:
    """Counts the blocks of the uncertain pools by era, and those of low confidence by entity."""

    def __init__(self, table: BlockTable, questions: Sequence[UncertainMembership]) -> None:
        self._table = table
        self._rows = table.rows
        self._within: dict[Window, NDArray[np.bool_]] = {}
        self._doubtful = self._rows["confidence"] == CONFIDENCES.index(Confidence.LOW)
        self._low = np.flatnonzero(self._doubtful)
        self._places: dict[PoolSlug, NDArray[np.int64]] = {}
        if questions:
            level = [level.name for level in table.levels].index(POOL.name)
            codes = {pool: code for code, pool in enumerate(table.entities(level), FIRST)}
            entity = self._rows["entity"][:, level]
            for pool in {question.pool for question in questions}:
                self._places[pool] = np.flatnonzero(entity == codes[pool]) if pool in codes else np.empty(0, np.int64)

    def count(self, question: UncertainMembership, window: Window) -> tuple[list[int], list[int]]:
        """The pool's blocks in each era, and those of them with low confidence."""
        places, eras = self._places[question.pool], len(question.edges) + 1
        if not len(places):
            return [0] * eras, [0] * eras
        places = places[self._is_within(window)[places]]
        era = np.searchsorted(np.array(question.edges), self._rows["time"][places], side="right")
        every, low = np.bincount(era, minlength=eras), np.bincount(era[self._doubtful[places]], minlength=eras)
        return every.tolist(), low.tolist()

    def doubtful(self, level: str, window: Window) -> Counter[Entity]:
        """The blocks of low confidence of each entity, at a level in a window."""
        if not len(self._low):
            return Counter()
        at = [each.name for each in self._table.levels].index(level)
        codes = self._rows["entity"][self._low[self._is_within(window)[self._low]], at]
        names: dict[int, Entity] = dict(enumerate(self._table.entities(at), FIRST))
        names |= {code: Nameless(pool) for pool, code in self._table.nameless(at).items()}
        many = np.bincount(codes).tolist()
        return Counter({names[code]: blocks for code, blocks in enumerate(many) if blocks and code in names})

    def _is_within(self, window: Window) -> NDArray[np.bool_]:
        if window not in self._within:
            within = np.zeros(len(self._rows), bool)
            within[covered(self._rows, window)] = True
            self._within[window] = within
        return self._within[window]


def _alternatives(
    found: Concentration, questions: Sequence[UncertainMembership], blocks: _Blocks, *, tip: int
) -> Alternatives:
    choices: dict[PoolSlug, list[_Claims]] = {}
    for question in questions:
        every, low = blocks.count(question, found.window)
        if any(every):
            answers = _distinct(_Claims(_by_entity(each, every), _by_entity(each, low)) for each in question.at(tip))
            if len(answers) > 1:
                choices[question.pool] = answers
    combined = _largest(choices)
    settled = _Claims(
        Counter({share.entity: share.blocks for share in found.shares}), blocks.doubtful(found.level, found.window)
    )
    settled.counts.update({Nameless(pool): blocks for pool, blocks in found.nameless.items()})
    settled.counts[None] = found.unknown - sum(found.nameless.values())
    for counted, *_ in choices.values():
        settled.counts.subtract(counted.counts)
        settled.doubtful.subtract(counted.doubtful)
    loose: Counter[Entity] = Counter()
    for pool in choices.keys() - combined.keys():
        loose.update(choices[pool][0].counts)
    entities = sorted(_named(settled.counts, *(answer.counts for each in choices.values() for answer in each)))
    columns: list[Entity] = [*entities, *map(Nameless, combined)]
    counts = _columns([settled], columns)
    for each in combined.values():
        counts = (counts[:, None] + _columns(each, columns)).reshape(-1, len(columns), 2)
    disputed = counts[:, len(entities) :][:, counts[:, len(entities) :, 0].any(axis=0)]
    pools = [entity for entity, blocks in settled.counts.items() if isinstance(entity, Nameless) and blocks]
    unclaimed = np.tile(_columns([settled], pools), (len(counts), 1, 1))
    both = np.concatenate((counts[:, : len(entities)], disputed, unclaimed), axis=1)
    return Alternatives(
        found, open=tuple(sorted(choices)), entities=entities, counts=counts[:, : len(entities), 0],
        disputed=disputed[..., 0], unclaimed=unclaimed[0, :, 0].tolist(), unattributed=settled.counts[None],
        loose=loose, sure=both[..., 0] - both[..., 1],
    )  # fmt: skip


def _columns(several: Sequence[_Claims], entities: Sequence[Entity]) -> Integers:
    """(alternatives, entities, 2): all blocks, and those of low confidence."""
    found = [[(each.counts[entity], each.doubtful[entity]) for entity in entities] for each in several]
    return np.array(found, np.int64).reshape(len(several), len(entities), 2)


def _by_entity(answer: Sequence[Entity], eras: Sequence[int]) -> Counter[Entity]:
    blocks: Counter[Entity] = Counter()
    for entity, many in zip(answer, eras, strict=True):
        if many:
            blocks[entity] += many
    return blocks


def _distinct(answers: Iterator[_Claims]) -> list[_Claims]:
    kept: list[_Claims] = []
    for answer in answers:
        if answer not in kept:
            kept.append(answer)
    return kept


def _largest(choices: _Choices) -> _Choices:
    """As many of the choices as can be combined, largest first."""
    kept, combinations = {}, 1
    for pool, answers in sorted(choices.items(), key=lambda each: (-each[1][0].counts.total(), each[0])):
        combinations *= len(answers)
        if combinations > _MOST:
            break
        kept[pool] = answers
    return kept


def _named(*counts: Counter[Entity]) -> set[str]:
    return {entity for each in counts for entity in each if isinstance(entity, str)}
