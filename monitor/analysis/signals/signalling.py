"""Who says yes to new rules: by the bits of block versions (BIP9), and by coinbases that BIP54 would accept."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from monitor.analysis.consensus import ConsensusParams
from monitor.analysis.counting.block_table import Where
from monitor.analysis.counting.rows import BITS
from monitor.analysis.signals.signal_input import SignalInput
from monitor.analysis.uncertainty.intervals import PRIOR
from monitor.model import Forecast, Period, Signalling

PERIOD = "period"
"""Names the retarget period of the tip among the windows."""
THRESHOLDS = (55, 90, 95)
"""Per cent of a period's blocks that deployments asked for: BIP110, Taproot, BIP9's default."""


def bits_seen(past: SignalInput) -> list[int]:
    """The version bits that any block signals with, most blocks first."""
    many = {bit: int(np.count_nonzero(past.bits & (1 << bit))) for bit in range(BITS)}
    return sorted((bit for bit in many if many[bit]), key=lambda bit: (-many[bit], bit))


def signalling(past: SignalInput, rules: ConsensusParams) -> tuple[Signalling, ...]:
    """Every version bit that any block signals with, over every window and the tip's period."""
    spans = {**past.where, PERIOD: _this_period(past, rules)}
    return tuple(
        _over(past, name, where, yes=past.bits & (1 << bit) != 0, bit=bit)
        for bit in bits_seen(past)
        for name, where in spans.items()
    )


def bip54(past: SignalInput) -> tuple[Signalling, ...]:
    """The coinbases that BIP54 would accept, over every window: nLockTime and nSequence tie them to their height.

    https://github.com/bitcoin/bips/blob/master/bip-0054.md
    """
    return tuple(_over(past, name, where, yes=past.bip54, bit=None) for name, where in past.where.items())


def periods(past: SignalInput, rules: ConsensusParams) -> tuple[Period, ...]:
    """Each retarget period with stored blocks, oldest first."""
    number = past.height // rules.period_blocks
    starts = np.flatnonzero(np.diff(number, prepend=-1))
    blocks = np.diff(starts, append=len(number))
    yes = {bit: np.add.reduceat(past.bits >> bit & 1, starts, dtype=np.int64).tolist() for bit in bits_seen(past)}
    return tuple(
        Period(first * rules.period_blocks, many, {bit: each[index] for bit, each in yes.items() if each[index]})
        for index, (first, many) in enumerate(zip(number[starts].tolist(), blocks.tolist(), strict=True))
    )


def forecasts(past: SignalInput, rules: ConsensusParams) -> tuple[Forecast, ...]:
    """Whether the version bits signalled with lately come to `THRESHOLDS` before the tip's period ends.

    None if history does not reach back to the beginning of the period.
    """
    this = _this_period(past, rules)
    if past.height[this][0] % rules.period_blocks:
        return ()
    lately = past.bits[-rules.period_blocks :]
    remaining = rules.period_blocks - len(past.bits[this])
    made = []
    for bit in bits_seen(past):
        recent = int(np.count_nonzero(lately & (1 << bit)))
        signalled = int(np.count_nonzero(past.bits[this] & (1 << bit)))
        for percent in THRESHOLDS if recent else ():
            threshold = -(-percent * rules.period_blocks // 100)
            likely = chance(threshold - signalled, remaining, seen=recent, among=len(lately))
            made.append(
                Forecast(bit, percent / 100, threshold, signalling=signalled, remaining=remaining, probability=likely)
            )
    return tuple(made)


def chance(needed: int, draws: int, *, seen: int, among: int) -> float:
    """Probability that at least `needed` of the next `draws` blocks signal, as `seen` of the last `among` did.

    The rate is what these leave open of it, Beta(x + 1/2, n - x + 1/2), so that the number is beta-binomial.
    """
    if needed <= 0:
        return 1.0
    a, b, k = seen + PRIOR, among - seen + PRIOR, np.arange(draws)
    none = np.log((b + k) / (a + b + k)).sum()
    one_more = np.log((draws - k) / (k + 1) * (a + k) / (b + draws - k - 1))  # than k, how many times as likely
    return min(1.0, float(np.exp(none + one_more.cumsum()[needed - 1 :]).sum()))


def _this_period(past: SignalInput, rules: ConsensusParams) -> slice:
    begin = past.height[-1] // rules.period_blocks * rules.period_blocks
    return slice(int(np.searchsorted(past.height, begin)), None)


def _over(past: SignalInput, name: str, where: Where, *, yes: NDArray[np.bool_], bit: int | None) -> Signalling:
    many = past.count(where, yes).tolist()
    ranked = sorted((-blocks, index) for index, blocks in enumerate(many) if blocks)
    return Signalling(
        name,
        blocks=len(past.pool[where]),
        signalling=int(np.count_nonzero(yes[where])),
        pools={past.pools[index]: -blocks for blocks, index in ranked},
        bit=bit,
    )
