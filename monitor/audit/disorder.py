"""Where a block is not in the order of falling chunk fee rates: a habit of the software that built it.

What stands out of order are the fewest transactions without which the others are in falling order. So one transaction
in a wrong place counts once, wherever it is, and a few of unknown fee change nothing. Fee rates within 5 % are equal:
versions of nodes round sizes in different ways, and wallets a fee rate.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from monitor.model import Disorder

_TOLERANCE: Final = 0.05
LEAST_RANKED: Final = 40
"""Transactions of known fee; fewer say nothing."""
_LEAST_KNOWN: Final = 0.9
"""Share of the transactions that have a known fee."""
_END_SHARE: Final = 50
"""Each end is one in so many transactions, and at least `_LEAST_END`."""
_LEAST_END: Final = 10
_LEAST_OUT: Final = 3
_OUT_SHARE: Final = 0.1
"""A part is out of order if at least three of its transactions are, and at least a tenth."""


def disorder(rates: Sequence[float], tx_count: int) -> Disorder | None:
    """Where a block is out of order.

    Args:
        rates: chunk fee rates of the transactions of known fee, in the order of the block.
        tx_count: number of all transactions, without the coinbase.

    Returns:
        None if too few fees are known, or if half of the transactions or more pay the same: any order is falling then.
    """
    if len(rates) < max(LEAST_RANKED, _LEAST_KNOWN * tx_count) or 2 * out_of_order(sorted(rates)) <= len(rates):
        return None
    end = max(_LEAST_END, len(rates) // _END_SHARE)
    middle = out_of_order(rates[end:-end])
    if 2 * middle > len(rates) - 2 * end:
        return Disorder.EVERYWHERE
    if _is_out(middle, len(rates) - 2 * end):
        return Disorder.THROUGHOUT
    front = _is_out(out_of_order(rates[:-end]) - middle, end)
    back = _is_out(out_of_order(rates[end:]) - middle, end)
    if front:
        return Disorder.ENDS if back else Disorder.FRONT
    return Disorder.END if back else Disorder.NOWHERE


def out_of_order(rates: Sequence[float]) -> int:
    """The fewest transactions without which none pays more than one before it, within the tolerance.

    The longest such subsequence by dynamic programming (C. Schensted, 1961), with a tolerance: `lows` has, negated and
    so rising, the highest that the lowest rate of a subsequence of each length can be. A rate extends each subsequence
    with a lowest rate that it is not above, within the tolerance; where it is above, the lowest stays what it is.
    """
    lows = list[float]()
    for rate in rates:
        first = bisect_right(lows, -rate)
        beyond = bisect_right(lows, -rate / (1 + _TOLERANCE), lo=first)
        del lows[beyond : beyond + 1]
        lows.insert(first, -rate)
    return len(rates) - len(lows)


def _is_out(many: int, among: int) -> bool:
    return many >= max(_LEAST_OUT, _OUT_SHARE * among)
