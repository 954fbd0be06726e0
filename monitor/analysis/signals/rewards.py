"""What blocks paid their pools: subsidy and fees, as the coinbase claims them.

A coinbase may claim the subsidy and all fees of its block. The fees themselves are not seen here, only what was claimed
above the subsidy. So a claim that leaves fees behind shows where it falls below the subsidy, and one that takes too
much where there are no fees: in an empty block. The latter is invalid; seeing one means other rules than the network's.
"""

from __future__ import annotations

import numpy as np

from monitor.analysis.consensus import ConsensusParams
from monitor.analysis.counting.rows import UNTOLD
from monitor.analysis.signals.signal_input import SignalInput
from monitor.model import Reward


def rewards(past: SignalInput, rules: ConsensusParams) -> tuple[Reward, ...]:
    """The rewards of every pool over every window."""
    told = past.value != UNTOLD
    value = np.where(told, past.value, 0)
    above = np.where(told, past.value - rules.subsidy(past.height), 0)
    fees, missing = np.maximum(above, 0), np.maximum(-above, 0)
    paid = []
    for window, where in past.where.items():
        columns = (
            past.count(where, told), past.total(where, value), past.total(where, fees),
            past.count(where, missing > 0), past.total(where, missing),
            past.count(where, past.empty & (above > 0)),
        )  # fmt: skip
        for pool, *numbers in zip(past.pools, *(column.tolist() for column in columns), strict=True):
            paid.append(Reward(pool, window, *numbers))
    return tuple(paid)
