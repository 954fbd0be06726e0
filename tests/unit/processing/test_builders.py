"""Evidence is computed from the stored blocks, and adopted when it says something else than before."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from support.audits import audit_of
from support.fake_chain import BEFORE_ALL, chain_on, judge

from monitor.attribution.structure import structure
from monitor.config import Config, RegistrySection
from monitor.config.sections import CustodySection
from monitor.hub import Hub
from monitor.model import (
    NO_BLOCK,
    Block,
    Coinbase,
    CustodyState,
    Disorder,
    Evidence,
    EvidenceKind,
    Output,
    Plan,
    PoolSlug,
    Proposal,
)
from monitor.processing import builders
from monitor.processing.builders import BuildersKeeper
from monitor.processing.measured import measured, stored_registry
from monitor.store.store import Store
from monitor.vitals import Vitals

A, B, VIABTC, F2POOL = map(PoolSlug, ("a", "b", "viabtc", "f2pool"))


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    """Two pools whose coinbases pay one script, and a third."""
    async with await Store.open(f"sqlite:///{tmp_path / 'blocks.sqlite'}") as opened:
        await opened.note_network("main")
        chain = chain_on(BEFORE_ALL, 60)
        pools = [(VIABTC, F2POOL, A)[block.height % 3] for block in chain]
        scripts = {VIABTC: b"\x51", F2POOL: b"\x51", A: b"\x52"}
        chain = [
            replace(block, coinbase=Coinbase(b"/x/", (Output(50_0000_0000, scripts[pool]),)))
            for block, pool in zip(chain, pools, strict=True)
        ]
        judged = [judge([block], pool)[0] for block, pool in zip(chain, pools, strict=True)]
        await opened.apply(Plan(BEFORE_ALL, NO_BLOCK, connects=tuple(chain)), judged)
        yield opened


def keeper(store: Store, adopted: list[tuple[Proposal, ...]], *, writes: bool = True) -> tuple[BuildersKeeper, Hub]:
    hub = Hub(Vitals())

    async def adopt(proposals: tuple[Proposal, ...]) -> None:
        adopted.append(proposals)

    made = BuildersKeeper(Config(), store, hub, belongs=lambda *_: {"template": "listed"}, adopt=adopt, writes=writes)
    return made, hub


async def test_what_is_found_is_stored_shown_and_adopted_once(store: Store) -> None:
    adopted: list[tuple[Proposal, ...]] = []
    made, hub = keeper(store, adopted)

    await made.compute()
    await made.compute()

    (evidence,) = await store.evidence.evidence()
    assert (evidence.kind, evidence.pools) == (EvidenceKind.SAME_SCRIPT, (F2POOL, VIABTC))
    assert hub.builders
    assert hub.builders.evidence == (evidence,)
    assert [each.pool for each in hub.builders.styles] == [A, F2POOL, VIABTC]
    assert [{each.pool for each in proposals} for proposals in adopted] == [{F2POOL, VIABTC}]
    assert hub.builders.custody.off
    made.show_custody(CustodyState(None, scanned=7))
    assert hub.builders.custody.scanned == 7
    assert hub.builders.evidence == (evidence,)


async def test_the_order_of_audited_blocks_is_a_trait(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of other blocks it is left out."""
    made, _ = keeper(store, [])
    for ref, _ in await store.evidence.coinbases(0):
        if not ref.height % 2:
            await store.audits.save(replace(audit_of(ref), disorder=Disorder.FRONT), keep_seconds=1)
    seen = dict[int, str | None]()

    def noted(block: Block, disorder: Disorder | None) -> dict[str, str]:
        traits = structure(block, disorder)
        seen[block.height] = traits.get("out of order")
        return traits

    monkeypatch.setattr(builders, "structure", noted)
    await made.compute()

    assert seen == {height: None if height % 2 else "front" for height in seen}
    assert len(seen) == 60


async def test_the_pause_is_by_processor_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a busy machine or a slow database would delay the next computation for minutes."""
    made, _ = keeper(store, [])
    clock = SimpleNamespace(thread_time=iter((10.0, 12.5)).__next__, sleep=lambda _: None)
    monkeypatch.setattr(builders, "time", clock)

    assert await made.compute() == 2.5


async def test_a_monitor_that_does_not_write_shows_what_is_stored(store: Store) -> None:
    adopted: list[tuple[Proposal, ...]] = []
    made, hub = keeper(store, adopted, writes=False)
    found = Evidence(
        EvidenceKind.STRATUM, (A, B), 1_699_000_000, until=1_700_000_000, similarity=1.0, n=3, p=1e-9, text="jobs"
    )
    await store.evidence.replace([found.kind], [found], since=0)

    await made.compute()

    assert hub.builders
    assert hub.builders.evidence == (found,)
    assert await store.evidence.evidence() == [found]
    assert hub.builders.new_groups == {}  # both are counted as one already
    assert len(adopted) == 1


async def test_custodians_count_only_where_rewards_are_followed(store: Store) -> None:
    made, _ = keeper(store, [])
    await made.compute()
    time = await store.evidence.newest_time()
    off = await stored_registry(store, Config())
    on = await stored_registry(store, Config(custody=CustodySection(enabled=True)))
    assert off.memberships.of("custodian", VIABTC, time) is None
    assert on.memberships.of("custodian", VIABTC, time) == "f2pool-custody"
    assert on.memberships.of("template", VIABTC, time) == off.memberships.of("template", VIABTC, time)
    assert (
        measured(off, (), Config(registry=RegistrySection(template="measured"))).memberships.of(
            "template", VIABTC, time
        )
        is None
    )
