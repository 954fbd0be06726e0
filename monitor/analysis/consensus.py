"""The numbers of consensus in which networks differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_FIRST_SUBSIDY_SAT = 50 * 100_000_000
_LAST_HALVING = 63
"""Nothing is left after that, and a shift has no room for more."""


@dataclass(frozen=True, slots=True)
class ConsensusParams:
    """What signals are measured by. The defaults are those of mainnet, testnet and signet."""

    halving_blocks: int = 210_000
    period_blocks: int = 2016
    """Of a retarget period, in which version bits are counted."""

    @classmethod
    def of(cls, network: str) -> ConsensusParams:
        """The rules of a network, by the name that its nodes give it."""
        return _REGTEST if network == "regtest" else cls()

    def subsidy(self, heights: NDArray[np.int64]) -> NDArray[np.int64]:
        """What a block of each height may create, in satoshi."""
        return np.right_shift(_FIRST_SUBSIDY_SAT, np.minimum(heights // self.halving_blocks, _LAST_HALVING))


_REGTEST = ConsensusParams(halving_blocks=150, period_blocks=144)
"""As in Bitcoin Core's chainparams.cpp."""
