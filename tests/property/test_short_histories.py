"""A chain of a few blocks, such as a fresh regtest's, has numbers for every output."""

from __future__ import annotations

from functools import cache

from hypothesis import example, given
from hypothesis import strategies as st
from support.examples import few

from monitor.analysis import BlockTable
from monitor.model import BlockHash, BlockRef, BlockRow, Confidence, Plan, PoolSlug, Snapshot, Tally, Window
from monitor.outputs.metrics import CATALOGUE
from monitor.outputs.schemas.concentration import Changes, ConcentrationSummary, CurrentShares, WindowConcentration
from monitor.outputs.schemas.confirmations import Confirmations
from monitor.outputs.web.pages.overview import Overview
from monitor.processing.counter import CountedState, Rulebook
from monitor.registry.loading import load_registry

POOLS = {"f": "foundryusa", "a": "antpool", "s": "spiderpool", "o": "ocean"}
WINDOWS = [Window.parse(name) for name in ("2b", "24h", "30d")]


@cache
def rulebook() -> Rulebook:
    return Rulebook.of(load_registry(), "main")


def taken(pools: str) -> Snapshot:
    """Of blocks by these pools: `?` is unknown, a capital is a block of low confidence."""
    rows = [
        BlockRow(
            h, 1_700_000_000 + 600 * h, 0x1D00FFFF, PoolSlug(POOLS[p.lower()]) if p != "?" else None,
            confidence=Confidence.LOW if p.isupper() else Confidence.HIGH,
        )
        for h, p in enumerate(pools)
    ]  # fmt: skip
    tip = BlockRef(len(rows) - 1, BlockHash("ab" * 32))
    state = CountedState(
        plan=Plan(tip, tip.hash), table=BlockTable.of(rows, rulebook().levels), windows=WINDOWS, tally=Tally(),
        first_height=0, rulebook=rulebook(), unknown_miners=(), stale=(),
    )  # fmt: skip
    return state.snapshot()


@few
@given(st.text("faso?FASO", min_size=1, max_size=6))
@example("?")
@example("??")
@example("f")
@example("FF")
def test_every_output_has_something_to_say_of_a_few_blocks(pools: str) -> None:
    snapshot = taken(pools)
    shown = {each.name: dict(each.samples(snapshot)) for each in CATALOGUE}
    assert shown["block_height"] == {(): len(pools) - 1}
    for one in snapshot.concentration:
        assert WindowConcentration.of_window(one, snapshot).blocks == min(
            len(pools), 2 if one.window.name == "2b" else 9
        )
        assert ConcentrationSummary.of_window(one, snapshot, largest=5).level == one.level
    for level in rulebook().levels:
        assert CurrentShares.of_level(level.name, snapshot).level == level.name
        assert Overview.of(snapshot, level.name, "30d").key == (level.name, "30d")
    assert Confirmations.of_snapshot(snapshot).model_dump_json()
    assert Changes.of_snapshot(snapshot).model_dump_json()
