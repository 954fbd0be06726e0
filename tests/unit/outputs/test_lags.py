"""Lags between nodes, by node and by pool."""

from prometheus_client import generate_latest

from monitor.model import BlockHash, BlockRef, PoolSlug, Sighting
from monitor.outputs.lags import Lag, lags_by_node, lags_by_pool
from monitor.vitals import Vitals

FAST, SLOW = PoolSlug("fast"), PoolSlug("slow")


def seen(height: int, pool: PoolSlug | None, **lags: float | None) -> list[Sighting]:
    """A block as these nodes saw it."""
    ref = BlockRef(height, BlockHash(f"{height:064x}"))
    return [Sighting(ref, node, 1.0, lag, pool=pool) for node, lag in lags.items()]


SEEN = [
    *seen(1, FAST, home=0.0, far=0.5), *seen(2, FAST, home=0.5, far=0.0, third=1.5), *seen(3, SLOW, home=0.0, far=9.0),
    *seen(4, None, home=0.0, far=2.0), *seen(5, SLOW, home=0.0), *seen(6, SLOW, home=0.0, far=None),
]  # fmt: skip


def numbers(lag: Lag) -> tuple[int, int, float, float]:
    return lag.blocks, lag.first, lag.median, round(lag.p90, 6)


def test_a_node_has_the_zeros_of_the_blocks_that_it_had_first() -> None:
    assert {name: numbers(lag) for name, lag in lags_by_node(SEEN).items()} == {
        "far": (4, 1, 1.25, 6.9), "home": (4, 3, 0.0, 0.35), "third": (1, 0, 1.5, 1.5),
    }  # fmt: skip


def test_a_pool_has_the_lags_of_the_other_nodes_only() -> None:
    assert [(pool, numbers(lag)) for pool, lag in lags_by_pool(SEEN).items()] == [
        (FAST, (2, 0, 0.5, 1.3)), (None, (1, 0, 2.0, 2.0)), (SLOW, (1, 0, 9.0, 9.0)),
    ]  # fmt: skip


def test_blocks_that_one_node_announced_compare_nothing() -> None:
    assert lags_by_node(seen(5, SLOW, home=0.0)) == lags_by_pool(seen(5, SLOW, home=0.0)) == {}


def test_the_histogram_by_pool_leaves_out_the_first_node() -> None:
    vitals = Vitals()
    for each in SEEN:
        vitals.observe_lag(each)
    exposed = generate_latest(vitals.registry).decode()

    assert 'pool_monitor_block_first_seen_seconds_count{node="home"} 6.0' in exposed
    assert 'pool_monitor_block_first_seen_by_pool_seconds_count{pool="fast"} 3.0' in exposed
    assert 'pool_monitor_block_first_seen_by_pool_seconds_sum{pool="slow"} 9.0' in exposed
    assert 'pool_monitor_block_first_seen_by_pool_seconds_count{pool="unknown"} 1.0' in exposed
