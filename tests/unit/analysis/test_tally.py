"""What happened since the start, plan by plan."""

from monitor.analysis import advance
from monitor.model import Attribution, Block, BlockHash, Coinbase, Header, Judged, Method, PoolSlug, Tally

A, B = PoolSlug("a"), PoolSlug("b")
BLOCK = Block(1, Header(BlockHash("1" * 64), 1, BlockHash("0" * 64), bytes(32), 0, 0, 0), 1, Coinbase(b"", ()))


def judged(pool: PoolSlug | None, method: Method | None = None, *, conflict: bool = False) -> Judged:
    return Judged(BLOCK, Attribution(pool, method, "", conflict=conflict, candidates=(), registry="registry"))


def test_connected_blocks_are_counted_by_pool_and_method() -> None:
    found = advance(
        Tally(), connected=[judged(A, Method.TAG), judged(A, Method.TAG), judged(A, Method.ADDRESS)], disconnected=[]
    )
    found = advance(found, connected=[judged(A, Method.TAG), judged(None)], disconnected=[])
    assert found.connected == {(A, Method.TAG): 3, (A, Method.ADDRESS): 1, (None, None): 1}
    assert (found.reorgs, found.last_reorg_depth, found.stale) == (0, None, {})


def test_conflicts_are_counted_for_the_pool_that_was_chosen() -> None:
    found = advance(Tally(), connected=[judged(A, Method.TAG, conflict=True), judged(B, Method.TAG)], disconnected=[])
    assert found.conflicts == {A: 1}


def test_a_reorg_counts_once_and_its_blocks_each() -> None:
    found = advance(Tally(), connected=[judged(B, Method.TAG)] * 3, disconnected=[A, None])
    found = advance(found, connected=[judged(B, Method.TAG)], disconnected=[A])
    assert found.stale == {A: 2, None: 1}
    assert (found.reorgs, found.last_reorg_depth) == (2, 1)


def test_the_depth_of_the_last_reorg_stays() -> None:
    found = advance(Tally(), connected=[], disconnected=[A, A])
    found = advance(found, connected=[judged(A, Method.TAG)], disconnected=[])
    assert (found.reorgs, found.last_reorg_depth) == (1, 2)


def test_an_empty_plan_changes_nothing_and_the_old_tally_stays_as_it_was() -> None:
    before = Tally(connected={(A, Method.TAG): 1})
    assert advance(before, connected=[], disconnected=[]) == before
    advance(before, connected=[judged(A, Method.TAG)], disconnected=[A])
    assert before == Tally(connected={(A, Method.TAG): 1})
