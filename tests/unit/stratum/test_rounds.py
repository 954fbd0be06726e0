"""Who had a new block when, with which templates, and which jobs are faulty."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.stratum import EXTRANONCE, SIZE, Template, job

from monitor.model import BlockHash, BlockRef, JobFault, JobPosition, PoolTurn
from monitor.stratum.messages import read_job
from monitor.stratum.rounds import KnownBlock, PoolNow, Rounds, position

BITS = 0x1702_F128
NOW = 1_700_000_000
TXIDS = tuple(f"{number:064x}" for number in range(1, 41))


def hash_of(height: int, branch: int = 0) -> BlockHash:
    return BlockHash(f"{branch:032x}{height:032x}")


def template(height: int = 900, txids: tuple[str, ...] = TXIDS, branch: int = 0) -> Template:
    """On top of the block of this height."""
    return Template(hash_of(height, branch), height + 1, BITS, NOW, txids)


def known(*heights: int) -> dict[BlockHash, KnownBlock]:
    return {hash_of(height): KnownBlock(height, BITS, counted=True, time=NOW - 600) for height in heights}


def now(made: Template, *, version: int = 0x2000_0000) -> PoolNow:
    read = read_job(job(made, version=version))
    return PoolNow(read, read.coinbase(bytes.fromhex(EXTRANONCE) + bytes(SIZE)), NOW)


def test_a_round_says_who_was_first_who_was_empty_and_who_had_the_same() -> None:
    rounds, blocks = Rounds(), known(899, 900)
    other = template(txids=TXIDS[1:])
    rounds.take("joiner", now(template()), blocks, at=9.0, joined=True)
    rounds.take("first", now(template(txids=())), blocks, at=10.0, joined=False)
    rounds.take("second", now(template()), blocks, at=10.5, joined=False)
    rounds.take("first", now(template()), blocks, at=12.0, joined=False)
    rounds.take("first", now(other), blocks, at=42.0, joined=False)
    rounds.take("second", now(other), blocks, at=42.0, joined=False)

    assert [*rounds.finish(known(900, 901), 901)] == [], "late pools have their time"
    (found,) = rounds.finish(known(900, 901, 902), 902)

    assert found.parent == BlockRef(900, hash_of(900))
    assert found.pools == {
        "first": PoolTurn(3, 2, 0.0, empty_first=True),
        "joiner": PoolTurn(1, 1, None, empty_first=False),
        "second": PoolTurn(2, 2, 0.5, empty_first=False),
    }
    assert found.shared == {("first", "joiner"): 1, ("first", "second"): 2, ("joiner", "second"): 1}


def test_small_templates_are_not_compared() -> None:
    rounds = Rounds()
    for pool in ("one", "other"):
        rounds.take(pool, now(template(txids=TXIDS[:15])), known(900), at=0.0, joined=False)

    (found,) = rounds.finish(known(900), 902)

    assert found.shared == {}
    assert found.pools["one"].templates == 0
    assert rounds.groups() == {}


def test_a_first_job_is_not_called_empty_where_nobody_has_transactions() -> None:
    rounds = Rounds()
    rounds.take("one", now(template(txids=())), known(900), at=0.0, joined=False)

    (found,) = rounds.finish(known(900), 902)

    assert not found.pools["one"].empty_first


def test_a_round_that_is_over_does_not_begin_again() -> None:
    rounds = Rounds()
    for _ in range(2):
        rounds.take("stuck", now(template()), known(900), at=0.0, joined=False)
        finished = [*rounds.finish(known(900), 902)]

    assert finished == []


def test_pools_with_one_template_at_this_moment_have_one_number() -> None:
    rounds = Rounds()
    for pool, txids in {"a": TXIDS, "b": TXIDS[1:], "c": TXIDS, "d": TXIDS[1:], "e": TXIDS[2:]}.items():
        rounds.take(pool, now(template(txids=txids)), {}, at=0.0, joined=False)
    rounds.take("f", now(template(branch=1)), {}, at=0.0, joined=False)

    assert rounds.groups() == {"a": 1, "c": 1, "b": 2, "d": 2}


def test_invented_blocks_displace_only_those_of_the_same_pool() -> None:
    rounds = Rounds()
    rounds.take("honest", now(template()), {}, at=0.0, joined=False)
    for branch in range(1, 1000):
        rounds.take("hostile", now(template(branch=branch)), {}, at=1.0, joined=False)

    (found,) = rounds.finish(known(900), 902)

    assert [*found.pools] == ["honest"]
    assert len(rounds._rounds) <= 8  # noqa: SLF001 -- what is bounded


def test_invented_blocks_do_not_displace_a_round_of_others() -> None:
    rounds, blocks = Rounds(), known(899)
    rounds.take("hostile", now(template()), blocks, at=0.0, joined=False)
    rounds.take("honest", now(template()), blocks, at=0.5, joined=False)
    for branch in range(1, 20):
        rounds.take("hostile", now(template(branch=branch)), blocks, at=1.0, joined=False)
    blocks |= known(900)
    for branch in range(20, 40):
        rounds.take("hostile", now(template(branch=branch)), blocks, at=2.0, joined=False)

    (found,) = rounds.finish(known(900), 902)

    assert {pool: turn.lag_seconds for pool, turn in found.pools.items()} == {"hostile": 0.0, "honest": 0.5}


def test_no_pool_is_blamed_for_a_clock_of_ours_that_is_slow() -> None:
    slow = replace(now(template()), at=NOW - 86_400.0)

    assert Rounds().take("one", slow, known(900), at=0.0, joined=False) is None


@pytest.mark.parametrize(
    ("wrong", "version", "kind", "detail"),
    [
        ({"bits": 0x1D00_FFFF}, 0x2000_0000, JobFault.BITS, "bits 1d00ffff, not 1702f128"),
        ({"height": 903}, 0x2000_0000, JobFault.HEIGHT, "height 903, not 901"),
        ({"time": NOW + 7300}, 0x2000_0000, JobFault.TIME, "time more than two hours ahead"),
        ({}, 3, JobFault.VERSION, "version 0x00000003"),
        ({}, 0xA000_0000, JobFault.VERSION, "version 0xa0000000"),
    ],
)
def test_pools_that_send_the_same_faulty_job_are_named_together(
    wrong: dict[str, Any], version: int, kind: JobFault, detail: str
) -> None:
    rounds = Rounds()
    job = now(replace(template(), **wrong), version=version)
    first, second = (rounds.take(pool, job, known(900), at=0.0, joined=False) for pool in ("one", "other"))

    assert first
    assert (first.kind, first.detail) == (kind, detail)
    assert second is None, "it is reported once"
    (fault,) = rounds.faults.values()
    assert fault.pools == ("one", "other")
    (found,) = rounds.finish(known(900), 902)
    assert [turn.faults for turn in found.pools.values()] == [1, 1]


def test_the_target_of_a_new_period_and_of_test_networks_is_not_judged() -> None:
    at_period = replace(template(2015), bits=0x1D00_FFFF)
    assert Rounds().take("one", now(at_period), known(2015), at=0.0, joined=False) is None
    later = replace(template(900), bits=0x1D00_FFFF)
    assert Rounds(retargets_rarely=False).take("one", now(later), known(900), at=0.0, joined=False) is None


def test_a_block_that_no_node_has_is_a_fault_after_minutes() -> None:
    rounds = Rounds()
    for pool in ("one", "other"):
        rounds.take(pool, now(template(branch=7)), known(900), at=100.0, joined=False)
    for pool in ("a", "b", "c"):
        rounds.take(pool, now(template()), known(900), at=100.0, joined=False)

    assert [*rounds.check_parents(known(900), 200.0)] == []
    (found,) = rounds.check_parents(known(900), 300.0)
    assert found.kind is JobFault.PARENT
    assert [fault.pools for fault in rounds.faults.values()] == [("one", "other")]
    assert [*rounds.check_parents(known(900), 400.0)] == []


def test_pools_are_not_blamed_where_our_nodes_are_behind() -> None:
    rounds = Rounds()
    for pool in ("one", "other"):
        rounds.take(pool, now(template(901)), known(900), at=100.0, joined=False)
    rounds.take("slow", now(template()), known(900), at=100.0, joined=False)

    assert [*rounds.check_parents(known(900), 400.0)] == []


def test_faults_are_bounded() -> None:
    rounds = Rounds()
    for bits in range(1000):
        rounds.take("hostile", now(replace(template(), bits=bits)), known(900), at=0.0, joined=False)

    assert len(rounds.faults) == 100


def test_where_a_pool_works() -> None:
    blocks = known(899, 900) | {hash_of(900, 1): KnownBlock(900, BITS, counted=False, time=NOW - 600)}
    tip = BlockRef(900, hash_of(900))

    where = [position(each, blocks, tip) for each in (hash_of(900), hash_of(899), hash_of(900, 1), hash_of(900, 2))]

    assert where == [JobPosition.TIP, JobPosition.BEHIND, JobPosition.BRANCH, JobPosition.UNKNOWN]
