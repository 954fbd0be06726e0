"""The traits of real coinbases: alike where software is, whatever pools write."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.fake_chain import BEFORE_ALL, block_on

from monitor.analysis.groups.structure import Structures, likenesses
from monitor.attribution.structure import script_traits, structure, time_offset
from monitor.model import PoolSlug
from monitor.registry.loading import load_registry

GOLDEN = Path(__file__).parents[2] / "golden" / "coinbases.jsonl.gz"
DAY = 86_400
ONE_BUILDER = frozenset(
    ["antpool", "binancepool", "braiinspool", "btccom", "luxor", "poolin", "secpool", "ultimuspool", "whitepool"]
)


@cache
def coinbases() -> list[dict[str, Any]]:
    with gzip.open(GOLDEN, "rt", encoding="utf-8") as lines:
        return [row for row in map(json.loads, lines) if row.get("time") and row.get("slug_norm")]


def usual(pool: str, trait: str, *, since: int = 880_000) -> str:
    """What most coinbases of a pool have."""
    found = Counter(
        script_traits(bytes.fromhex(row["script_hex"]))[trait]
        for row in coinbases()
        if row["slug_norm"] == pool and row["height"] >= since
    )
    return found.most_common(1)[0][0]


@pytest.mark.parametrize(
    ("pool", "order", "push", "merge"),
    [
        (
            "antpool",
            "bytes text bytes auxpow bytes",
            "the text and more",
            "after the text, not pushed, leaves, no nonce",
        ),
        ("viabtc", "bytes text auxpow bytes", "none", "after the text, pushed, leaves, no nonce"),
        ("f2pool", "bytes auxpow bytes text bytes", "the text", "before the text, pushed, leaves, the fish"),
        ("foundryusa", "number text bytes", "none", "none"),
    ],
)
def test_what_is_known_of_pools_is_read(pool: str, order: str, push: str, merge: str) -> None:
    assert usual(pool, "order") == order
    assert usual(pool, "push of the text") == push
    assert usual(pool, "merge mining") == merge


@pytest.mark.parametrize("pool", ["secpool", "luxor", "binancepool", "braiinspool", "ultimuspool"])
def test_one_builder_shows_whatever_it_writes(pool: str) -> None:
    for trait in ("before the text", "push of the text", "merge mining", "order"):
        assert usual(pool, trait) == usual("antpool", trait)


def test_independent_pools_are_hardly_ever_taken_for_one_builder() -> None:
    """293 pairs; the one that is has the same few numbers before and after its text."""
    memberships = load_registry().memberships
    structures = Structures(period_seconds=120 * DAY, least=3)
    for row in coinbases():
        if row["slug_norm"] != "unknown":
            structures.add(
                PoolSlug(row["slug_norm"]), row["time"], script_traits(bytes.fromhex(row["script_hex"]))
            )  # fmt: skip
    alike, pairs = [], 0
    for number, profiles in structures.periods.items():
        middle = (number * 120 + 60) * DAY

        def entity(pool: PoolSlug, at: int = middle) -> str:
            return memberships.of("template", pool, at) or pool

        for pair, likeness in likenesses(profiles, entity).items() if len(profiles) > 3 else ():
            if not {*pair} <= ONE_BUILDER:
                pairs += 1
                alike += [pair] * (likeness.bits >= 7)
    assert pairs == 293
    assert alike == [("foundryusa", "sbicrypto")]


def test_time_and_version_of_the_header_are_compared() -> None:
    block = block_on(BEFORE_ALL, time=1_700_000_007, script=b"\x01\x01\x04" + (1_700_000_000).to_bytes(4, "little"))
    assert time_offset(block) == 7
    assert structure(block)["header time against coinbase"] == "later by 6 to 60 s"
    assert structure(block)["version rolling"] == "no"
    assert time_offset(block_on(BEFORE_ALL, script=b"/pool/")) is None


@given(st.binary(max_size=100))
def test_any_script_has_traits(script: bytes) -> None:
    found = script_traits(script)
    assert all(value.isprintable() and len(value) < 200 for value in found.values())
