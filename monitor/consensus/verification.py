"""What can be checked of a block without its transactions. Pure.

The hash needs no check: it is computed from the header. The coinbase is checked by `merkle`, with a proof that the node
has to give.
"""

from __future__ import annotations

from monitor.consensus.difficulty import MOST_CHANGE, PERIOD_BLOCKS, Below, DifficultyRules, Link, required_bits
from monitor.model import Block
from monitor.wire import committed_by_extension, target

MEDIAN_BLOCKS = 11
"""The time of a block must be after the median of so many before it."""
_FUTURE_SECONDS = 2 * 3600
_TIME_WARP_SECONDS = 600
"""By how much time may run back at the first block of a period, where BIP94 limits it."""


def broken_rules(block: Block, parent: Link | None, rules: DifficultyRules, *, below: Below, now: float) -> list[str]:
    """The rules that the header of a block breaks, each as the rest of a sentence about the block.

    Rules that need an ancestor that is not known are not checked.

    Args:
        block: stands on `parent`.
        parent: None if it is not known; then only the work is checked.
        rules: those of the network.
        below: the parent of a link.
        now: Unix time; infinite if no block can be too early.
    """
    found = [_wrong_work(block, rules)]
    if parent:
        found += (
            _wrong_format(block, rules),
            _wrong_target(block, parent, rules, below=below),
            _wrong_time(block, parent, rules, below=below, now=now),
        )
    return [each for each in found if each]


def _wrong_work(block: Block, rules: DifficultyRules) -> str | None:
    bits = block.header.bits
    largest = target(bits)
    if not 0 < largest <= rules.limit:
        return f"its target ({bits:08x}) is one that no block may have"
    if int(block.hash, 16) > largest:
        return f"it does not have the work that its target ({bits:08x}) demands"
    return None


def _wrong_format(block: Block, rules: DifficultyRules) -> str | None:
    is_extended = rules.extended_from is not None and block.height >= rules.extended_from
    if is_extended != bool(block.header.extension):
        has, wanted = ("80", "164") if is_extended else ("164", "80")
        return f"its header has {has} bytes, those of this chain have {wanted}"
    if is_extended:
        height, tx_count = committed_by_extension(block.header)
        if (height, tx_count) != (block.height, block.tx_count):
            return f"its header commits to height {height} and {tx_count} transactions"
    return None


def _wrong_target(block: Block, parent: Link, rules: DifficultyRules, *, below: Below) -> str | None:
    required = required_bits(rules, parent, block.header.time, below=below)
    if required is None:  # an ancestor that sets it is not known
        if not rules.has_slow_blocks and target(block.header.bits) > MOST_CHANGE * target(parent.bits):
            return f"its target is more than {MOST_CHANGE} times the last one"
    elif block.header.bits != required:
        return f"its target is {block.header.bits:08x}, the chain demands {required:08x}"
    return None


def _wrong_time(block: Block, parent: Link, rules: DifficultyRules, *, below: Below, now: float) -> str | None:
    time = block.header.time
    if time > now + _FUTURE_SECONDS:
        return f"its time is {time - now:.0f} s in the future"
    if rules.bip94 and block.height % PERIOD_BLOCKS == 0 and time < parent.time - _TIME_WARP_SECONDS:
        return f"its time is {parent.time - time} s before that of its parent"
    times, link = [parent.time], below(parent)
    while link and len(times) < MEDIAN_BLOCKS:
        times.append(link.time)
        link = below(link)
    if len(times) >= min(MEDIAN_BLOCKS, block.height) and time <= sorted(times)[len(times) // 2]:
        return f"its time is not after the median of {len(times)} blocks before it"
    return None
