"""What a forger can add to a real coinbase does not give the block to another pool."""

import gzip
import json
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from monitor.attribution import attribute
from monitor.cli.attribute.inputs import Given, from_lines
from monitor.model import Attribution, Coinbase, Output, PoolSlug
from monitor.registry.address import script_of
from monitor.registry.loading import load_pools

REGISTRY = load_pools()
RIVALS = {
    PoolSlug(slug): script_of(REGISTRY.by_slug[PoolSlug(slug)].addresses[0], "main")
    for slug in ("antpool", "binancepool", "braiinspool", "f2pool", "foundryusa", "marapool", "poolin", "viabtc")
}


def real_coinbases() -> list[Coinbase]:
    """Those that have outputs with values, and one that no pool has signed."""
    with gzip.open(Path(__file__).parent / "coinbases.jsonl.gz") as file:
        lines = [line for line in file if json.loads(line).get("outputs")]
    given = list(from_lines(BytesIO(b"".join(lines)), "main"))
    found = [one.coinbase for one in given if isinstance(one, Given) and one.coinbase.value_sat]
    assert len(found) >= 36
    return [*found, Coinbase(b"\x03\x01\x02\x03unsigned", (Output(312_500_000, b"\x51"),))]


COINBASES = real_coinbases()


def judged(coinbase: Coinbase) -> Attribution:
    return attribute(coinbase, REGISTRY)


def essentials(found: Attribution) -> object:
    return found.pool, found.method, found.evidence, found.conflict


@pytest.mark.parametrize("part", [1, 546, 0.001, 0.049])
@pytest.mark.parametrize("rival", RIVALS)
def test_a_small_payout_to_a_rival_changes_nothing_but_the_candidates(rival: PoolSlug, part: float) -> None:
    for coinbase in COINBASES:
        value = int(part if part >= 1 else part * coinbase.value_sat)
        forged = replace(coinbase, outputs=(Output(value, RIVALS[rival]), *coinbase.outputs))  # first, as dust often is
        before, after = judged(coinbase), judged(forged)
        assert essentials(after) == essentials(before)
        assert rival in {candidate.pool for candidate in after.candidates}


@pytest.mark.parametrize("rival", RIVALS)
def test_a_second_payout_below_half_does_not_outrank_the_signature(rival: PoolSlug) -> None:
    for coinbase in COINBASES:
        before = judged(coinbase)
        if before.pool is not None:
            forged = replace(coinbase, outputs=(*coinbase.outputs, Output(coinbase.value_sat // 2, RIVALS[rival])))
            assert judged(forged).pool == before.pool


def test_the_order_of_the_outputs_changes_nothing() -> None:
    for coinbase in COINBASES:
        assert judged(replace(coinbase, outputs=coinbase.outputs[::-1])) == judged(coinbase)
