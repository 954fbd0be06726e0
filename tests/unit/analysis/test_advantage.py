"""What pools are paid for their work."""

from collections.abc import Sequence

import numpy as np
import pytest
from support.rows import past, rows

from monitor.analysis.signals.advantage import advantages
from monitor.model import NO_BLOCK, Advantage, BlockHash, PoolSlug, StaleRow

COIN = 100_000_000


def of(
    pools: str, values: Sequence[int | None], *windows: str, stale: str = ""
) -> dict[tuple[str | None, str], Advantage]:
    blocks = rows(pools, value_sat=values)
    lost = [
        StaleRow(blocks[-1].height, BlockHash(f"{n:064x}"), NO_BLOCK, time=0, pool=PoolSlug(pool), winner_pool=None)
        for n, pool in enumerate(stale)
    ]
    return {(each.pool, each.window): each for each in advantages(past(blocks, *windows), lost)}


def test_advantage_by_hand() -> None:
    found = of("aabb", [3 * COIN, 3 * COIN, COIN, COIN])
    assert (found["a", "all"].ratio, found["b", "all"].ratio) == (1.5, 0.5)
    assert found["a", "all"].lower is None  # too few to tell


def test_a_stale_block_is_work_without_a_reward() -> None:
    found = of("aabb", [COIN] * 4, stale="b")
    a, b = found["a", "all"], found["b", "all"]
    assert (a.stale, b.stale, b.blocks) == (0, 1, 2)
    assert a.ratio == pytest.approx(1 / (4 / 5))
    assert b.ratio == pytest.approx(2 / 3 / (4 / 5))


def test_a_pool_that_grew_while_fees_were_high_has_no_advantage() -> None:
    pools = "aab" * 48 + "abb" * 48
    values = [5 * COIN] * 144 + [3 * COIN] * 144
    blocks = of(pools, values)
    assert blocks["a", "all"].ratio == pytest.approx(1, abs=0.05)


def test_blocks_of_unknown_reward_say_nothing() -> None:
    found = of("aab?", [COIN, None, COIN, COIN])
    assert (found["a", "all"].blocks, found["a", "all"].ratio, found[None, "all"].ratio) == (1, 1, 1)
    assert of("ab", [None, None])["a", "all"].ratio is None


def test_windows_have_their_own() -> None:
    found = of("abab", [COIN, COIN, 3 * COIN, COIN], "2b", "4b")
    assert (found["a", "2b"].blocks, found["a", "4b"].blocks) == (1, 2)


@pytest.mark.simulation
@pytest.mark.parametrize("better", [0.0, 0.02])
def test_intervals_hold_the_true_advantage(better: float) -> None:
    chance, held = np.random.default_rng(3), []
    for _ in range(40):
        which = chance.choice(3, size=1440, p=[0.4, 0.35, 0.25])
        fees = chance.exponential(0.1, 1440) * COIN
        values = np.round(3 * COIN + fees + better * 3.1 * COIN * (which == 0)).astype(int).tolist()
        found = of("".join("abc"[one] for one in which), values)
        for pool, extra in (("a", better), ("c", 0.0)):
            one = found[pool, "all"]
            assert one.lower is not None
            assert one.upper is not None
            held.append(one.lower <= (1 + extra) / (1 + 0.4 * better) <= one.upper)
    assert np.mean(held) > 0.93
