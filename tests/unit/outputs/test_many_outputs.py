"""A coinbase with as many outputs as a block has room for: answers stay small."""

from __future__ import annotations

from dataclasses import replace

from support.fake_chain import BEFORE_ALL, block_on, judge

from monitor.model import BlockRecord, Output
from monitor.outputs.schemas.blocks import MAX_OUTPUTS, Block


def test_an_answer_has_the_first_outputs_and_their_number() -> None:
    plain = block_on(BEFORE_ALL)
    coinbase = replace(plain.coinbase, outputs=tuple(Output(1, b"\x51") for _ in range(90_000)))
    [judged] = judge([replace(plain, coinbase=coinbase)])
    shown = Block.of(BlockRecord(judged, stale=False), {})
    assert (len(shown.coinbase.outputs), shown.coinbase.output_count) == (MAX_OUTPUTS, 90_000)
    assert shown.value_sat == 90_000
    assert len(shown.encode()) < 100_000
