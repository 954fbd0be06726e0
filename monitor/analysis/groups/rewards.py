"""Blocks as custody sees them: who was paid, and what became of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from monitor.analysis.groups.custody import style_of
from monitor.model import BlockHash, BlockRecord, Coinbase, CoinbaseSpend, Confidence, PoolSlug, TracedReward

_USUAL_SHARE: Final = 0.1
_USUAL_BLOCKS: Final = 3


class TracedRewards:
    """Collects the rewards of blocks, in order."""

    def __init__(self, spends: Mapping[tuple[BlockHash, int], tuple[CoinbaseSpend, int]]) -> None:
        self._spends = spends
        self._found: list[TracedReward] = []
        """Sure unless a conflict says otherwise; `all` asks more of those in `_cheap`."""
        self._cheap: set[int] = set()
        """Indices of blocks that are known by a tag alone."""
        self._scripts: dict[bytes, bytes] = {}
        """A year of blocks pays few scripts: equal ones are one object."""

    def add(self, record: BlockRecord) -> None:
        """Add a block; one of an unknown pool is left out."""
        block, attribution = record.judged.block, record.judged.attribution
        if attribution.pool is None:
            return
        main = _main(block.coinbase)
        script = None if main is None else block.coinbase.outputs[main].script
        spend, spent_at = self._spends.get((block.hash, main), (None, None)) if main is not None else (None, None)
        reward = TracedReward(
            block.header.time, attribution.pool, not attribution.conflict, style_of(block.coinbase),
            None if script is None else self._scripts.setdefault(script, script),
            *((spend.txid, spend.swept_to, spent_at) if spend else (None, None, None)),
        )  # fmt: skip
        if attribution.confidence is Confidence.LOW:
            self._cheap.add(len(self._found))
        self._found.append(reward)

    def all(self) -> list[TracedReward]:
        """The rewards, in order.

        A block that is known by its tag alone could be anyone's. It is sure only if it pays a script that is usual for
        the pool: at least a tenth of its blocks do.
        """
        paid = Counter((each.pool, each.script) for each in self._found)
        blocks = Counter(each.pool for each in self._found)

        def is_usual(pool: PoolSlug, script: bytes | None) -> bool:
            many = paid[pool, script]
            return script is not None and many >= max(_USUAL_BLOCKS, _USUAL_SHARE * blocks[pool])

        return [
            each._replace(sure=False) if at in self._cheap and not is_usual(each.pool, each.script) else each
            for at, each in enumerate(self._found)
        ]


def _main(coinbase: Coinbase) -> int | None:
    """The place of the output that gets more than half of the reward; None if none does."""
    total = coinbase.value_sat
    return next((at for at, output in enumerate(coinbase.outputs) if 2 * output.value_sat > total), None)
