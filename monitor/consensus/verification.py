"""What can be checked of a block without its transactions, and what cannot. Pure.

The hash needs no check: it is computed from the header. The coinbase is checked by `merkle`, with a proof that the node
has to give.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from monitor.consensus import merkle
from monitor.consensus.difficulty import MOST_CHANGE, PERIOD_BLOCKS, Below, DifficultyRules, Link, required_bits
from monitor.errors import InvalidBlock
from monitor.model import Block, BlockRef
from monitor.wire import committed_by_extension, target

MEDIAN_BLOCKS = 11
"""The time of a block must be after the median of so many before it."""
_FUTURE_SECONDS = 2 * 3600
_TIME_WARP_SECONDS = 600
"""By how much time may run back at the first block of a period, where BIP94 limits it."""


class Check(StrEnum):
    """A rule."""

    FORMAT = "header format"
    PROOF_OF_WORK = "proof of work"
    DIFFICULTY = "difficulty"
    TIME = "time"
    COINBASE = "coinbase"
    SIGNATURE = "signet signature"


class Outcome(StrEnum):
    """Result of a check."""

    PASSED = "passed"
    UNCHECKED = "not checked"
    FAILED = "failed"


class Finding(NamedTuple):
    """A check and its result."""

    check: Check
    outcome: Outcome
    reason: str = ""
    """Why it failed, or why it was not made: the rest of a sentence about the block."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """All findings about one block."""

    block: BlockRef
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> tuple[Finding, ...]:
        """The rules that it breaks."""
        return tuple(each for each in self.findings if each.outcome is Outcome.FAILED)

    @property
    def unchecked(self) -> tuple[Finding, ...]:
        """The rules that could not be checked."""
        return tuple(each for each in self.findings if each.outcome is Outcome.UNCHECKED)

    def require(self) -> None:
        """Raise `InvalidBlock` if it breaks a rule."""
        if failed := self.failed:
            reasons = "; ".join(each.reason for each in failed)
            raise InvalidBlock(f"block {self.block.height} {self.block.hash} is invalid: {reasons}")


def verify_block(block: Block, parent: Link | None, rules: DifficultyRules, *, below: Below, now: float) -> Verdict:
    """Check the header of a block against its ancestors.

    Args:
        block: stands on `parent`.
        parent: None if it is not known; most rules cannot be checked then.
        rules: those of the network.
        below: the parent of a link.
        now: Unix time.
    """
    findings = [_proof_of_work(block, rules)]
    if parent:
        findings += (
            _format(block, rules),
            _difficulty(block, parent, rules, below=below),
            _time(block, parent, rules, below=below, now=now),
        )
    else:
        findings += [
            Finding(check, Outcome.UNCHECKED, "its parent is not known")
            for check in (Check.FORMAT, Check.DIFFICULTY, Check.TIME)
        ]
    if rules.signed:
        findings.append(Finding(Check.SIGNATURE, Outcome.UNCHECKED, "signatures of signet are not checked"))
    return Verdict(block.ref, tuple(findings))


def verify_coinbase(block: Block, proof: bytes | None) -> Finding:
    """Check that the merkle root commits to the coinbase.

    Args:
        block: the block.
        proof: what `gettxoutproof` answers for its coinbase; None if the node does not answer it.
    """
    if proof is None:
        return Finding(Check.COINBASE, Outcome.UNCHECKED, "the node gives no proof of the coinbase (gettxoutproof)")
    if reason := merkle.contradiction(proof, block):
        return Finding(Check.COINBASE, Outcome.FAILED, reason)
    return Finding(Check.COINBASE, Outcome.PASSED)


def _format(block: Block, rules: DifficultyRules) -> Finding:
    is_extended = rules.extended_from is not None and block.height >= rules.extended_from
    if is_extended != bool(block.header.extension):
        has, wanted = ("80", "164") if is_extended else ("164", "80")
        return Finding(Check.FORMAT, Outcome.FAILED, f"its header has {has} bytes, those of this chain have {wanted}")
    if is_extended:
        height, tx_count = committed_by_extension(block.header)
        if (height, tx_count) != (block.height, block.tx_count):
            reason = f"its header commits to height {height} and {tx_count} transactions"
            return Finding(Check.FORMAT, Outcome.FAILED, reason)
    return Finding(Check.FORMAT, Outcome.PASSED)


def _proof_of_work(block: Block, rules: DifficultyRules) -> Finding:
    bits = block.header.bits
    largest = target(bits)
    if not 0 < largest <= rules.limit:
        return Finding(Check.PROOF_OF_WORK, Outcome.FAILED, f"its target ({bits:08x}) is one that no block may have")
    if int(block.hash, 16) > largest:
        return Finding(
            Check.PROOF_OF_WORK, Outcome.FAILED, f"it does not have the work that its target ({bits:08x}) demands"
        )
    return Finding(Check.PROOF_OF_WORK, Outcome.PASSED)


def _difficulty(block: Block, parent: Link, rules: DifficultyRules, *, below: Below) -> Finding:
    required = required_bits(rules, parent, block.header.time, below=below)
    if required is None:
        if not rules.has_slow_blocks and target(block.header.bits) > MOST_CHANGE * target(parent.bits):
            return Finding(
                Check.DIFFICULTY, Outcome.FAILED, f"its target is more than {MOST_CHANGE} times the last one"
            )
        return Finding(Check.DIFFICULTY, Outcome.UNCHECKED, "an ancestor that sets its target is not known")
    if block.header.bits != required:
        reason = f"its target is {block.header.bits:08x}, the chain demands {required:08x}"
        return Finding(Check.DIFFICULTY, Outcome.FAILED, reason)
    return Finding(Check.DIFFICULTY, Outcome.PASSED)


def _time(block: Block, parent: Link, rules: DifficultyRules, *, below: Below, now: float) -> Finding:
    time = block.header.time
    if time > now + _FUTURE_SECONDS:
        return Finding(Check.TIME, Outcome.FAILED, f"its time is {time - now:.0f} s in the future")
    if rules.bip94 and block.height % PERIOD_BLOCKS == 0 and time < parent.time - _TIME_WARP_SECONDS:
        return Finding(Check.TIME, Outcome.FAILED, f"its time is {parent.time - time} s before that of its parent")
    times, link = [parent.time], below(parent)
    while link and len(times) < MEDIAN_BLOCKS:
        times.append(link.time)
        link = below(link)
    if len(times) < min(MEDIAN_BLOCKS, block.height):
        return Finding(Check.TIME, Outcome.UNCHECKED, f"only {len(times)} of its ancestors are known")
    if time <= sorted(times)[len(times) // 2]:
        return Finding(Check.TIME, Outcome.FAILED, f"its time is not after the median of {len(times)} blocks before it")
    return Finding(Check.TIME, Outcome.PASSED)
