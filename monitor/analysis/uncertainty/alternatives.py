"""The counts of a level and window under every alternative of its uncertain memberships."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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
_Choices: TypeAlias = Mapping[PoolSlug, Sequence["Claims"]]
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


class Claims(NamedTuple):
    """Blocks by the entity that they count for."""

    counts: Counter[Entity]
    doubtful: Counter[Entity]
    """Those of them with an attribution of low confidence."""


@dataclass(frozen=True, eq=False)
class Alternatives:
    """All that memberships allow for one level and window."""

    found: Concentration
    open: tuple[str, ...]
    """The pools whose membership is uncertain and that have blocks in the window."""
    entities: Sequence[str]
    unclaimed: Sequence[int]
    """Blocks of each pool without any row."""
    unattributed: int
    """Blocks of which nothing is known. With `unclaimed`, these may be any entity's."""
    loose: Counter[Entity]
    """As counted: the blocks of uncertain pools that are too many to be combined."""
    certain: Integers
    """(entities and uncertain pools, 2): the blocks that count for them in every alternative, and those of low
    confidence among them."""
    choices: Sequence[Integers]
    """Of each uncertain pool (answers, entities and uncertain pools, 2): the same of its own blocks. Those that no row
    claims count for the pool. The first answer is what is counted."""
    doubtful: Sequence[int]
    """The blocks of low confidence among `unclaimed`."""

    @cached_property
    def _all(self) -> Integers:
        """(alternatives, entities and uncertain pools, 2)."""
        return every_sum(self.certain, self.choices)

    @property
    def counts(self) -> Integers:
        """(alternatives, entities): the blocks of each. The first row is what is counted, less `loose` pools."""
        return self._all[:, : len(self.entities), 0]

    @property
    def disputed(self) -> Integers:
        """(alternatives, pools): blocks of uncertain pools that no row claims in this alternative."""
        pools = self._all[:, len(self.entities) :, 0]
        return pools[:, pools.any(axis=0)]

    @cached_property
    def free(self) -> int:
        """The blocks that nothing claims for sure: as many in every alternative."""
        every = [self.certain, *(answers[0] for answers in self.choices)]
        return int(self.found.blocks - self.found.alone - sum((each[:, 0] - each[:, 1]).sum() for each in every))

    @property
    def anyones(self) -> bool:
        """Whether a block that nothing claims may be anyone's."""
        return self.found.level != POOL.name

    @cached_property
    def least(self) -> Integers:
        """(entities): the smallest number of blocks of each."""
        return self._bounds(np.min, lambda each: each[..., 0] - each[..., 1])

    @cached_property
    def most(self) -> Integers:
        """(entities): the largest number."""
        if self.anyones:
            return self.free + self._bounds(np.max, lambda each: each[..., 0] - each[..., 1])
        return self._bounds(np.max, lambda each: each[..., 0])

    def _bounds(self, end: Callable[..., Integers], blocks: Callable[[Integers], Integers]) -> Integers:
        """Each pool adds its smallest or largest number, whatever the others do."""
        found = blocks(self.certain) + sum(end(blocks(answers), axis=0) for answers in self.choices)
        return found[: len(self.entities)]


def alternatives(
    table: BlockTable, found: Sequence[Concentration], questions: Sequence[UncertainMembership]
) -> Iterator[Alternatives]:
    """One for each level and window, in the order of `found`, which was counted in the table.

    The table counts at the level `POOL`, among others. `questions` have each pool once for a level.
    """
    tip = table.tip.time if table.tip else ALWAYS
    blocks = _Blocks(table, questions)
    for one in found:
        eras = [(each, *blocks.count(each, one.window)) for each in questions if each.level == one.level]
        yield combinations(one, blocks.claims(one), eras, tip=tip)


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

    def claims(self, found: Concentration) -> Claims:
        """All blocks of a level and window."""
        counts = Counter[Entity]({share.entity: share.blocks for share in found.shares})
        counts.update({Nameless(pool): blocks for pool, blocks in found.nameless.items()})
        counts[None] = found.unknown - sum(found.nameless.values())
        return Claims(counts, self._of_low_confidence(found.level, found.window))

    def _of_low_confidence(self, level: str, window: Window) -> Counter[Entity]:
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


def combinations(
    found: Concentration,
    counted: Claims,
    eras: Iterable[tuple[UncertainMembership, Sequence[int], Sequence[int]]],
    *,
    tip: int,
) -> Alternatives:
    """Those of one level and window.

    Args:
        found: what was counted; of its numbers `blocks` and `alone` are used.
        counted: the blocks of each entity; they are changed.
        eras: each uncertain membership, with the pool's blocks in each era, and those of them with low confidence.
        tip: the tip's time, Unix seconds.
    """
    choices: dict[PoolSlug, list[Claims]] = {}
    for question, every, low in eras:
        if any(every):
            answers = _distinct(Claims(_by_entity(each, every), _by_entity(each, low)) for each in question.at(tip))
            if len(answers) > 1:
                choices[question.pool] = answers
    combined = _largest(choices)
    for first, *_ in choices.values():
        counted.counts.subtract(first.counts)
        counted.doubtful.subtract(first.doubtful)
    loose: Counter[Entity] = Counter()
    for pool in choices.keys() - combined.keys():
        loose.update(choices[pool][0].counts)
    entities = sorted(_named(counted.counts, *(answer.counts for each in choices.values() for answer in each)))
    columns: list[Entity] = [*entities, *map(Nameless, combined)]
    places = {entity: place for place, entity in enumerate(columns)}
    unclaimed = [entity for entity, blocks in counted.counts.items() if isinstance(entity, Nameless) and blocks]
    return Alternatives(
        found, tuple(sorted(choices)), entities,
        unclaimed=[counted.counts[entity] for entity in unclaimed], unattributed=counted.counts[None], loose=loose,
        certain=_columns([counted], places)[0], choices=[_columns(each, places) for each in combined.values()],
        doubtful=[counted.doubtful[entity] for entity in unclaimed],
    )  # fmt: skip


def every_sum(certain: Integers, choices: Iterable[Integers]) -> Integers:
    """(alternatives, ...): what is certain, with one answer of each pool, for every choice of answers."""
    every = certain[None]
    for answers in choices:
        every = (every[:, None] + answers).reshape(-1, *certain.shape)
    return every


def _columns(several: Sequence[Claims], places: Mapping[Entity, int]) -> Integers:
    """(alternatives, places, 2): all blocks, and those of low confidence."""
    found = np.zeros((len(several), len(places), 2), np.int64)
    for row, claims in enumerate(several):
        for layer, counts in enumerate(claims):
            for entity, blocks in counts.items():
                if entity in places:
                    found[row, places[entity], layer] = blocks
    return found


def _by_entity(answer: Sequence[Entity], eras: Sequence[int]) -> Counter[Entity]:
    blocks: Counter[Entity] = Counter()
    for entity, many in zip(answer, eras, strict=True):
        if many:
            blocks[entity] += many
    return blocks


def _distinct(answers: Iterator[Claims]) -> list[Claims]:
    kept: list[Claims] = []
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
