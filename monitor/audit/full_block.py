"""A whole block, decoded for the comparison."""

from __future__ import annotations

from contextlib import suppress

from monitor.audit.compare import FullBlock
from monitor.audit.transactions import decode_spent, decode_transactions, with_spent
from monitor.errors import WireError
from monitor.model import Block
from monitor.wire import decode_block


def full_block(
    block: Block, raw: bytes, spent: bytes | None, *, arrived: float, watched: frozenset[bytes]
) -> FullBlock:
    """Decode all transactions of a block.

    Args:
        block: header and coinbase.
        raw: the whole block, as serialised.
        spent: what it spends, as serialised; without it, fees are not known.
        arrived: Unix time.
        watched: scripts to look for, beside the block's own payouts.

    Raises:
        WireError: `raw` is not this block.
    """
    if decode_block(raw, height=block.height).hash != block.hash:
        raise WireError(f"the node sent another block than {block.hash}")
    payouts = frozenset(each.script for each in block.coinbase.outputs if each.value_sat)
    all_watched = watched | payouts
    transactions = decode_transactions(raw, all_watched)
    fees: list[int | None] = [None] * len(transactions)
    with suppress(WireError):  # then fees are not known
        outputs = decode_spent(spent)[1:] if spent else []
        if len(outputs) == len(transactions):
            fees = [
                sum(each.value_sat for each in outs) - transaction.value_sat
                for transaction, outs in zip(transactions, outputs, strict=True)
            ]
            transactions = [
                with_spent(transaction, outs, all_watched)
                for transaction, outs in zip(transactions, outputs, strict=True)
            ]
    return FullBlock(
        block.ref, block.header.parent, block.header.time, arrived=arrived, transactions=transactions, fees_sat=fees,
        payouts=payouts,
    )  # fmt: skip
