"""History judged anew: what moves, what stays, and what a crash leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import pytest
from support.databases import NewUrl, ask
from support.fake_chain import BEFORE_ALL, chain_on

from monitor.model import Attribution, Block, Coinbase, Confidence, Judged, Plan, PoolSlug
from monitor.store import reattribution
from monitor.store.reattribution import Moved
from monitor.store.store import Store

ODD, EVEN = PoolSlug("odd"), PoolSlug("even")


@dataclass
class Parity:
    """A registry that tells pools apart by the last byte of the script."""

    hash: str
    names: tuple[PoolSlug | None, PoolSlug | None]

    def judge(self, coinbase: Coinbase) -> Attribution:
        pool = self.names[coinbase.script[-1] % 2]
        miner = f"miner {coinbase.script[-1]}" if coinbase.script[-1] % 5 == 0 else None
        return Attribution(pool, None, "", conflict=False, candidates=(), registry=self.hash, miner=miner)


@dataclass
class Sure(Parity):
    """A registry that is more or less sure, by the last byte of the script."""

    confidence: Callable[[int], Confidence | None]

    def judge(self, coinbase: Coinbase) -> Attribution:
        return replace(super().judge(coinbase), confidence=self.confidence(coinbase.script[-1]))


def parity(registry: str, *, names: tuple[PoolSlug | None, PoolSlug | None] = (EVEN, ODD)) -> Parity:
    return Parity(registry, names)


def blocks(length: int) -> list[Block]:
    """A chain whose scripts end in 0, 1, 2, ..."""
    return [
        Block(each.height, each.header, each.tx_count, Coinbase(bytes([number % 250]), each.coinbase.outputs))
        for number, each in enumerate(chain_on(BEFORE_ALL, length))
    ]


async def keep(store: Store, chain: Iterable[Block], registry: Parity) -> None:
    """Store a chain as a registry judges it."""
    chain = tuple(chain)
    onto = BEFORE_ALL if chain[0].height == 0 else await store.tip()
    assert onto
    judged = [Judged(block, registry.judge(block.coinbase)) for block in chain]
    await store.apply(Plan(onto, chain[-1].hash, connects=chain), judged)


def dump(url: str) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Who mined what, and which judgements are stored, whatever their numbers."""
    judged = """
        SELECT height, pool, miner, registry, confidence FROM blocks JOIN attributions a ON a.id = attribution
        ORDER BY height
    """
    kept = "SELECT pool, method, evidence, registry, confidence FROM attributions"
    return ask(url, judged), sorted(ask(url, kept), key=str)


async def fresh(url: str, chain: list[Block], registry: Parity) -> tuple[list[tuple[object, ...]], ...]:
    """What a store holds whose history one registry judged from the start."""
    async with await Store.open(url) as store:
        await keep(store, chain, registry)
    return dump(url)


async def test_history_is_as_if_the_new_registry_had_judged_it_from_the_start(url: str, new_url: NewUrl) -> None:
    chain = blocks(50)
    old, new = parity("old"), parity("new", names=(EVEN, None))
    async with await Store.open(url) as store:
        await keep(store, chain, old)
        assert await store.reattribute(new.judge, "new") == [Moved(ODD, None, 25)]
    assert dump(url) == await fresh(new_url(), chain, new)


async def test_a_registry_that_says_the_same_only_puts_its_stamp(url: str, new_url: NewUrl) -> None:
    chain = blocks(20)
    async with await Store.open(url) as store:
        await keep(store, chain, parity("old"))
        assert await store.reattribute(parity("new").judge, "new") == []
        assert await store.reattribute(parity("new").judge, "new") == []
    assert dump(url) == await fresh(new_url(), chain, parity("new"))


async def test_blocks_that_come_meanwhile_are_left_as_they_are(
    url: str, new_url: NewUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reattribution, "_CHUNK", 7)
    chain = blocks(60)
    old, new = parity("old"), parity("new", names=(ODD, EVEN))
    async with await Store.open(url) as store:
        await keep(store, chain[:40], old)
        await keep(store, chain[40:], new)
        moved = await store.reattribute(new.judge, "new")
    assert sorted(moved, key=str) == sorted([Moved(ODD, EVEN, 20), Moved(EVEN, ODD, 20)], key=str)
    assert dump(url) == await fresh(new_url(), chain, new)


async def test_after_a_crash_it_goes_on_where_it_stopped(
    url: str, new_url: NewUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reattribution, "_CHUNK", 10)
    chain = blocks(50)
    old, new = parity("old"), parity("new", names=(ODD, EVEN))
    judged: list[Coinbase] = []

    def judge(coinbase: Coinbase) -> Attribution:
        if len(judged) == 35:
            raise KeyboardInterrupt
        judged.append(coinbase)
        return new.judge(coinbase)

    async with await Store.open(url) as store:
        await keep(store, chain, old)
        before = dump(url)
        with pytest.raises(KeyboardInterrupt):
            await store.reattribute(judge, "new")
        assert dump(url)[0] == before[0], "what is read is the old history until all of it is judged"
    judged.clear()
    async with await Store.open(url) as store:
        assert sum(each.blocks for each in await store.reattribute(judge, "new")) == 50
    assert len(judged) == 20, "three chunks of ten were noted before"
    assert dump(url) == await fresh(new_url(), chain, new)


async def test_what_an_unfinished_run_for_another_registry_noted_is_forgotten(
    url: str, new_url: NewUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reattribution, "_CHUNK", 10)
    chain = blocks(50)
    left = [*range(25)]

    def other(coinbase: Coinbase) -> Attribution:
        left.pop()
        return parity("other", names=(None, None)).judge(coinbase)

    async with await Store.open(url) as store:
        await keep(store, chain, parity("old"))
        with pytest.raises(IndexError):
            await store.reattribute(other, "other")
        await store.reattribute(parity("new").judge, "new")
    assert dump(url) == await fresh(new_url(), chain, parity("new"))


def sure(registry: str, confidence: Callable[[int], Confidence | None]) -> Sure:
    return Sure(registry, (EVEN, EVEN), confidence)


async def test_a_missing_confidence_is_filled_in_place_also_after_a_crash(
    url: str, new_url: NewUrl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reattribution, "_CHUNK", 10)
    chain = blocks(50)
    new = sure("new", lambda last: Confidence.LOW if last % 25 == 24 else Confidence.HIGH)
    left = [*range(25)]

    def judge(coinbase: Coinbase) -> Attribution:
        left.pop()
        return new.judge(coinbase)

    async with await Store.open(url) as store:
        await keep(store, chain, sure("old", lambda _: None))
        with pytest.raises(IndexError):
            await store.reattribute(judge, "new")
    left = [*range(30)]
    async with await Store.open(url) as store:
        assert await store.reattribute(judge, "new") == []
    assert not left, "two chunks of ten were noted before the crash"
    assert dump(url) == await fresh(new_url(), chain, new)


async def test_progress_is_told_up_to_the_end(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reattribution, "_CHUNK", 20)
    told: list[tuple[int, int]] = []
    async with await Store.open(url) as store:
        await keep(store, blocks(50), parity("old"))
        await store.reattribute(parity("new").judge, "new", lambda done, total: told.append((done, total)))
    assert told == [(20, 50), (40, 50), (50, 50)]


async def test_history_that_the_registry_has_attributed_already_is_not_rewritten(url: str) -> None:
    async with await Store.open(url) as store:
        await keep(store, blocks(5), parity("one"))
        assert await store.reattribute(parity("one").judge, "one") == []
        assert await store.rewritten() == 0

        assert await store.reattribute(parity("two").judge, "two") == []
        assert await store.rewritten() == 1
