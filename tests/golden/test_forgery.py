"""What a forger can do to a real coinbase does not give the block to another pool."""

import runpy
import sys
from pathlib import Path

import pytest
from support.forgeries import (
    CONTRADICTIONS,
    NAMES,
    PAYOUTS,
    PRICED,
    REMARKS,
    Forgery,
    Rival,
    coinbases,
    rivals,
    signature,
)

from monitor.attribution import attribute
from monitor.model import Attribution, Coinbase, Confidence
from monitor.registry.loading import load_pools

ROOT = Path(__file__).parents[2]
REGISTRY = load_pools()
RIVALS = rivals(REGISTRY)
SMALLEST_REWARD = 100_000_000
VALUED = [(each, signature(each, REGISTRY)) for each in coinbases() if each.value_sat >= SMALLEST_REWARD]
"""Those with all of their payouts, and the tag that each is signed with."""


def judged(coinbase: Coinbase) -> Attribution:
    return attribute(coinbase, REGISTRY)


BEFORE = [judged(each) for each, _ in VALUED]


def essentials(found: Attribution) -> object:
    return found.pool, found.method, found.evidence, found.conflict, found.confidence


def forged(forgery: Forgery, rival: Rival) -> list[tuple[Attribution, Attribution]]:
    """The answers before and after, where the forger gives the block to a rival."""
    return [
        (before, judged(forgery.apply(each, signed, rival)))
        for before, (each, signed) in zip(BEFORE, VALUED, strict=True)
        if before.pool != rival.slug
    ]


def name(value: Forgery | Rival) -> str:
    return value.name if isinstance(value, Forgery) else value.slug


def test_there_is_something_to_forge() -> None:
    assert len(VALUED) > 75
    assert {each.pool for each in BEFORE} >= {"antpool", "foundryusa", "viabtc", "f2pool", "marapool", None}


@pytest.mark.parametrize("rival", RIVALS, ids=name)
@pytest.mark.parametrize("forgery", REMARKS, ids=name)
def test_a_remark_changes_nothing_but_the_candidates(forgery: Forgery, rival: Rival) -> None:
    for before, after in forged(forgery, rival):
        assert essentials(after) == essentials(before)
        if forgery in (*PAYOUTS, *NAMES):
            assert rival.slug in {candidate.pool for candidate in after.candidates}


@pytest.mark.parametrize("rival", RIVALS, ids=name)
@pytest.mark.parametrize("forgery", CONTRADICTIONS, ids=name)
def test_what_a_worker_writes_elsewhere_does_not_outrank_the_signature(forgery: Forgery, rival: Rival) -> None:
    for before, after in forged(forgery, rival):
        assert after.pool == before.pool


@pytest.mark.parametrize("rival", RIVALS, ids=name)
def test_money_gives_away_a_signed_block_from_half_of_the_reward_on(rival: Rival) -> None:
    almost_half, more_than_half, _ = PRICED
    assert all(after.pool == before.pool for before, after in forged(almost_half, rival) if before.pool)
    bought = [after for before, after in forged(more_than_half, rival) if before.pool]
    assert {after.pool for after in bought} == {rival.slug}
    assert all(after.conflict for after in bought)


@pytest.mark.parametrize("rival", RIVALS, ids=name)
def test_a_false_signature_does_not_outrank_the_payout_and_is_never_sure(rival: Rival) -> None:
    *_, signs = PRICED
    for before, after in forged(signs, rival):
        if before.confidence is Confidence.HIGH:
            assert (after.pool, after.conflict, after.confidence) == (before.pool, True, Confidence.MEDIUM)
        else:
            assert after.confidence is Confidence.LOW


@pytest.mark.parametrize("first", ["c4dfd667", "00000087", "00000000", "01020304"])
@pytest.mark.parametrize("rival", [each for each in RIVALS if len(each.tag) <= 8], ids=name)
def test_an_extra_nonce_before_the_signature_is_no_signature(rival: Rival, first: str) -> None:
    """As in blocks of the ckpool software: a push of four bytes of the pool's and eight of the worker's."""
    script = bytes.fromhex("03a18f0d0004b423dd6704ca7990360c" + first) + rival.tag.ljust(8, b"x") + b"\x0a/MaxiPool/"
    found = judged(Coinbase(script, ()))
    assert (found.pool, found.conflict) == ("maxipool", True)


def test_the_table_of_forgeries_is_what_the_script_finds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(ROOT / "scripts")])
    script = runpy.run_path(str(ROOT / "scripts" / "forgery.py"))
    assert script["main"](["--check"]) == 0, capsys.readouterr().err
