"""The target that each network demands of a block. Pure.

Source: GetNextWorkRequired and CalculateNextWorkRequired in src/pow.cpp, and the parameters in
src/kernel/chainparams.cpp, of Bitcoin Core 31 and Bitcoin Knots 29.4.3; BIP94 for testnet4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from monitor.model import BlockHash, Header
from monitor.wire import target

PERIOD_BLOCKS = 2016
_PERIOD_SECONDS = 14 * 24 * 3600
MOST_CHANGE = 4
"""The target changes at most by this factor."""
_SLOW_SECONDS = 20 * 60
"""On test networks, a block that comes later than this after its parent may have the least difficulty."""


class Link(NamedTuple):
    """What the rules need of an ancestor."""

    height: int
    hash: BlockHash
    parent: BlockHash
    time: int
    bits: int

    @classmethod
    def of(cls, header: Header, height: int) -> Link:
        """The link that a header adds to its chain."""
        return cls(height, header.hash, header.parent, header.time, header.bits)


Below: TypeAlias = Callable[[Link], Link | None]
"""The parent of a link; None if it is not known, or if there is none."""


@dataclass(frozen=True, slots=True)
class DifficultyRules:
    """The rules of one network, and of one chain on it."""

    limit: int
    """The largest target, which is the least difficulty."""
    retargets: bool = True
    has_slow_blocks: bool = False
    """Whether a block that comes late may have the least difficulty."""
    bip94: bool = False
    """Whether the first block of a period carries the difficulty of the period, and time may not run back there."""
    extended_from: int | None = None
    """Height of the first block with an extended header, if this is a chain that changed to BLAKE2b."""
    shift: int = 20
    """By how many bits the target grows at that block."""


RULES: Mapping[str, DifficultyRules] = MappingProxyType(
    {
        "main": DifficultyRules(2**224 - 1),
        "test": DifficultyRules(2**224 - 1, has_slow_blocks=True),
        "testnet4": DifficultyRules(2**224 - 1, has_slow_blocks=True, bip94=True),
        "signet": DifficultyRules(0x0377AE << 216),
        "regtest": DifficultyRules(2**255 - 1, retargets=False),
    }
)
"""By the name of the network in `getblockchaininfo`."""
_MAIN_SHIFT = 22


def rules_of(network: str, *, extended_from: int | None = None) -> DifficultyRules | None:
    """The rules of a network, by its name in `getblockchaininfo`; None if it is not known.

    On a chain that changed to BLAKE2b, `extended_from` is the height of the first block with an extended header.
    """
    rules = RULES.get(network)
    if rules is None or extended_from is None:
        return rules
    return replace(rules, extended_from=extended_from, shift=_MAIN_SHIFT if network == "main" else rules.shift)


def compact(number: int) -> int:
    """The compact form of a target, rounded down as in the headers."""
    size = (number.bit_length() + 7) // 8
    mantissa = number >> 8 * (size - 3) if size > 3 else number << 8 * (3 - size)
    if mantissa & 0x0080_0000:  # it would be read as a sign
        mantissa >>= 8
        size += 1
    return size << 24 | mantissa


def required_bits(rules: DifficultyRules, parent: Link, time: int, *, below: Below) -> int | None:
    """The compact target of a block that follows `parent` at header time `time`; None if an ancestor is not known."""
    bits = _ordinary_bits(rules, parent, time, below=below)
    if bits is None or parent.height + 1 != rules.extended_from:
        return bits
    return compact(min(target(bits) << rules.shift, rules.limit))


def ancestor(link: Link, height: int, *, below: Below) -> Link | None:
    """The ancestor of `link` at `height`; None if it is not known."""
    found: Link | None = link
    while found and found.height > height:
        found = below(found)
    return found


def _ordinary_bits(rules: DifficultyRules, parent: Link, time: int, *, below: Below) -> int | None:
    if not rules.retargets:
        return parent.bits
    if (parent.height + 1) % PERIOD_BLOCKS == 0:
        # The span is that of 2,015 blocks, an error of the first version that became consensus.
        first = ancestor(parent, parent.height + 1 - PERIOD_BLOCKS, below=below)
        if first is None:
            return None
        seconds = parent.time - first.time
        seconds = min(max(seconds, _PERIOD_SECONDS // MOST_CHANGE), _PERIOD_SECONDS * MOST_CHANGE)
        base = first.bits if rules.bip94 else parent.bits
        return compact(min(target(base) * seconds // _PERIOD_SECONDS, rules.limit))
    if not rules.has_slow_blocks:
        return parent.bits
    easiest = compact(rules.limit)
    if time > parent.time + _SLOW_SECONDS:
        return easiest
    usual: Link | None = parent
    while usual and usual.height % PERIOD_BLOCKS and usual.bits == easiest:
        usual = below(usual)
    return usual.bits if usual else None
