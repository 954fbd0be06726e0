"""Blocks as custody sees them: who was paid, and what became of it."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from monitor.model import BlockHash, BlockRecord, Coinbase, CoinbaseSpend, Confidence, PoolSlug, TracedReward

_USUAL_SHARE: Final = 0.1
_USUAL_BLOCKS: Final = 3
_CUSTODIAL: Final = 0.95
_FEW: Final = 4


def style_of(coinbase: Coinbase) -> str:
    """How a coinbase pays: see `PayoutStyle.style`."""
    values = [output.value_sat for output in coinbase.outputs if output.value_sat]
    if values and max(values) >= _CUSTODIAL * sum(values):
        return "custodial"
    return "split" if len(values) <= _FEW else "in_the_coinbase"


class Rewards:
    """A compact list: 16 bytes a reward.

    The rewards of a pool differ in little but their times, so equal parts are stored once. Two years of blocks are
    compared at a time.
    """

    __slots__ = ("_kinds", "_known", "_times")

    def __init__(self, rewards: Iterable[TracedReward] = ()) -> None:
        self._times = array("q")
        self._kinds: list[tuple[Any, ...]] = []
        """Each reward without its time; equal ones are one object."""
        self._known: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        for each in rewards:
            self.append(each)

    def append(self, reward: TracedReward) -> None:
        """Add one."""
        time, *rest = reward
        kind = tuple(rest)
        self._kinds.append(self._known.setdefault(kind, kind))
        self._times.append(time)

    def __len__(self) -> int:
        return len(self._times)

    def __getitem__(self, at: int) -> TracedReward:
        return TracedReward(self._times[at], *self._kinds[at])

    def __iter__(self) -> Iterator[TracedReward]:
        return (TracedReward(time, *kind) for time, kind in zip(self._times, self._kinds, strict=True))


class TracedRewards:
    """Collects the rewards of blocks, in order."""

    def __init__(self, spends: Mapping[tuple[BlockHash, int], tuple[CoinbaseSpend, int]]) -> None:
        self._spends = spends
        self._found = Rewards()
        """Sure unless a conflict says otherwise; `all` asks more of those in `_cheap`."""
        self._cheap: set[int] = set()
        """Indices of blocks that are known by a tag alone."""

    def add(self, record: BlockRecord) -> None:
        """Add a block; one of an unknown pool is left out."""
        block, attribution = record.judged.block, record.judged.attribution
        if attribution.pool is None:
            return
        main = block.coinbase.main_output
        reward = TracedReward(
            block.header.time, attribution.pool, not attribution.conflict,
            style=style_of(block.coinbase), script=main.script if main else None,
        )  # fmt: skip
        if main and (found := self._spends.get((block.hash, block.coinbase.outputs.index(main)))):
            spend, spent_at = found
            reward = reward._replace(txid=spend.txid, swept_to=spend.swept_to, spent_at=spent_at)
        if attribution.confidence is Confidence.LOW:
            self._cheap.add(len(self._found))
        self._found.append(reward)

    def all(self) -> Rewards:
        """The rewards, in order.

        A block that is known by its tag alone could be anyone's. It is sure only if it pays a script that is usual for
        the pool: at least a tenth of its blocks do.
        """
        paid = Counter((each.pool, each.script) for each in self._found)
        blocks = Counter(each.pool for each in self._found)

        def is_usual(pool: PoolSlug, script: bytes | None) -> bool:
            many = paid[pool, script]
            return script is not None and many >= max(_USUAL_BLOCKS, _USUAL_SHARE * blocks[pool])

        return Rewards(
            each._replace(sure=False) if at in self._cheap and not is_usual(each.pool, each.script) else each
            for at, each in enumerate(self._found)
        )
