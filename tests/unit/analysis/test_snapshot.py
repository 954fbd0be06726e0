"""One tip, all numbers."""

import pytest

from monitor.analysis import POOL, Ledger, concentrate, network_hashrate, snapshot
from monitor.model import BlockHash, BlockRow, PoolSlug, Snapshot, Tally, Window

WINDOWS = [Window.parse("1h"), Window.parse("3b")]
ROWS = [BlockRow(height, 600 * height, 0x1D00FFFF, PoolSlug("a")) for height in range(5, 10)]


def taken(ledger: Ledger) -> Snapshot:
    return snapshot(
        ledger,
        WINDOWS,
        Tally(reorgs=1),
        tip_hash=BlockHash("9" * 64),
        first_height=5,
        caught_up=True,
        registry="abc",
        pool_names={PoolSlug("a"): "Pool A"},
    )


def test_snapshot_of_a_chain() -> None:
    ledger = Ledger.of(ROWS, (POOL,))
    found = taken(ledger)
    assert (found.tip, found.tip_hash, found.first_height) == (ROWS[-1], "9" * 64, 5)
    assert found.concentration == concentrate(ledger, WINDOWS)
    assert found.network_hashrate == {window.name: network_hashrate(ledger, window) for window in WINDOWS}
    assert (found.tally.reorgs, found.caught_up, found.registry) == (1, True, "abc")


def test_a_snapshot_stays_as_it_was_while_the_ledger_grows() -> None:
    ledger = Ledger.of(ROWS, (POOL,))
    found = taken(ledger)
    ledger.extend([BlockRow(10, 6000, 0x1D00FFFF, None)])
    assert found == taken(Ledger.of(ROWS, (POOL,)))


def test_no_snapshot_of_no_blocks() -> None:
    with pytest.raises(ValueError, match="no blocks"):
        taken(Ledger((POOL,)))
