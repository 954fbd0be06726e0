"""Spends of rewards and evidence about pools are stored, on both engines."""

from __future__ import annotations

from dataclasses import replace

from support.audits import audit_of
from support.fake_chain import BEFORE_ALL, block_on, chain_on, judge

from monitor.model import (
    NO_BLOCK,
    AuditedTransaction,
    Block,
    CoinbaseSpend,
    Evidence,
    EvidenceKind,
    PassedOver,
    Plan,
    PoolSlug,
    Verdict,
)
from monitor.store.store import Store

A, B, C = map(PoolSlug, "abc")
TXID = "5e4a" * 16


async def stored(store: Store, length: int) -> list[Block]:
    chain = chain_on(BEFORE_ALL, length)
    await store.apply(Plan(BEFORE_ALL, NO_BLOCK, connects=tuple(chain)), judge(chain))
    return chain


def spend(chain: list[Block], *, of: int, swept_to: bytes | None = b"\x51") -> CoinbaseSpend:
    return CoinbaseSpend(chain[of].hash, 0, TXID, swept_to)


async def test_coinbases_come_back_as_they_were_stored(store: Store) -> None:
    chain = await stored(store, 3)
    assert await store.evidence.coinbases(1) == [(block.ref, block.coinbase) for block in chain[1:]]
    assert await store.evidence.lowest_since(chain[2].header.time) == 2
    assert await store.evidence.lowest_since(chain[2].header.time + 1) is None
    assert await store.evidence.newest_time() == chain[2].header.time
    assert await store.evidence.sizes() == {"toy": 3}


async def test_a_block_is_searched_again_only_for_older_coinbases(store: Store) -> None:
    chain = await stored(store, 106)
    wanted = await store.evidence.unscanned(3, lowest=0, limit=2)
    assert wanted == [(chain[at].ref, chain[at].header.time) for at in (105, 104)]
    assert await store.evidence.unscanned(3, lowest=105, limit=9) == wanted[:1]

    scans = [(block.ref, block.header.time, [spend(chain, of=4)] * (block is chain[105])) for block in chain[103:]]
    await store.evidence.save_scans(scans, known_from=3)
    await store.evidence.save_scans(scans, known_from=3)  # again, as after a crash

    assert await store.evidence.unscanned(3, lowest=0, limit=9) == []
    assert await store.evidence.counts(3, lowest=0) == (3, 0, 1)
    assert len(await store.evidence.unscanned(2, lowest=0, limit=9)) == 4
    assert await store.evidence.spends() == {(chain[4].hash, 0): (spend(chain, of=4), chain[105].header.time)}


async def test_a_reorganisation_takes_spends_with_it_and_brings_them_back(store: Store) -> None:
    chain = await stored(store, 104)
    tip = chain[-1]
    await store.evidence.save_scans([(tip.ref, tip.header.time, [spend(chain, of=2, swept_to=None)])], known_from=0)

    rival = block_on(chain[-2].ref)
    await store.apply(Plan(chain[-2].ref, NO_BLOCK, disconnects=(tip.ref,), connects=(rival,)), judge([rival]))
    assert await store.evidence.spends() == {}
    assert [ref for ref, _ in await store.evidence.unscanned(0, lowest=103, limit=9)] == [rival.ref]

    await store.apply(Plan(chain[-2].ref, NO_BLOCK, disconnects=(rival.ref,), connects=(tip,)), judge([tip]))
    assert len(await store.evidence.spends()) == 1


def evidence(kind: EvidenceKind, since: int, until: int, *, other: PoolSlug = B) -> Evidence:
    return Evidence(kind, (A, other), since, until=until, similarity=0.9, n=12, p=1e-9, text="a and b")


async def test_new_evidence_replaces_what_was_looked_for_and_leaves_the_rest(store: Store) -> None:
    old = evidence(EvidenceKind.OMISSIONS, 100, 200)
    begun = evidence(EvidenceKind.OMISSIONS, 250, 320)
    alien = evidence(EvidenceKind.STRATUM, 310, 320)
    gone = evidence(EvidenceKind.OMISSIONS, 305, 320, other=C)
    kinds = [EvidenceKind.OMISSIONS]
    await store.evidence.replace([*kinds, EvidenceKind.STRATUM], [old, begun, alien, gone], since=0)

    await store.evidence.replace(kinds, [evidence(EvidenceKind.OMISSIONS, 302, 400)], since=300)

    assert await store.evidence.evidence() == [old, replace(begun, until=400), alien]
    later = evidence(EvidenceKind.OMISSIONS, 900, 950)
    await store.evidence.replace(kinds, [later], since=300)
    assert await store.evidence.evidence() == [old, alien, later]  # another finding has a beginning of its own
    await store.evidence.replace(kinds, [], since=0)
    assert await store.evidence.evidence() == [alien]


async def test_what_blocks_of_known_pools_passed_over_is_read(store: Store) -> None:
    chain = await stored(store, 2)
    for block in chain:
        await store.audits.save(audit_of(block.ref, time=block.header.time), keep_seconds=10**9)
    added = AuditedTransaction("ab" * 32, Verdict.UNSEEN, "", weight=1, fee_sat=1, fee_rate=1.0, first_seen=None)
    audit = audit_of(chain[1].ref, time=chain[1].header.time)
    await store.audits.save(replace(audit, transactions=(*audit.transactions, added)), keep_seconds=10**9)

    found = await store.evidence.passed_over(0)

    assert found == [PassedOver(at, PoolSlug("toy"), TXID) for at in (0, 1)]
    assert await store.evidence.passed_over(chain[1].header.time) == found[1:]
