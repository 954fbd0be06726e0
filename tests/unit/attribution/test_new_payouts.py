"""What unknown payouts of signed blocks suggest."""

import tomllib
from collections.abc import Iterable

from embit import base58

from monitor.attribution.new_payouts import NewPayout, Sighting, Suggestions, new_payouts
from monitor.model import Coinbase, Output, PoolSlug, StoredCoinbase
from monitor.registry import Custodian, Kind, Place, Pool, PoolRegistry
from monitor.registry.address import script_of


def address(number: int) -> str:
    return str(base58.encode_check(b"\0" + bytes([number]) * 20))


KNOWN, BANK, NEW, OTHER = map(address, (1, 2, 3, 4))
RED, BLUE, SOLO = map(PoolSlug, ("red", "blue", "solo"))
REGISTRY = PoolRegistry.of(
    [
        Pool(RED, "Red", Kind.POOL, "https://red.example", (KNOWN,), ("/Red/",), ("ruby",), Place.START),
        Pool(BLUE, "Blue", Kind.POOL, tags=("/Blue/",)),
        Pool(SOLO, "Solo", Kind.SOLO, tags=("/Solo/",)),
    ],
    [Custodian("Bank", (BANK,))],
)


def suggested(*blocks: tuple[bytes, str], least: int = 2) -> Suggestions:
    return new_payouts(
        (StoredCoinbase(at, 1000 * at, Coinbase(text, (Output(546, script_of(KNOWN, "main")), pay(to))))
         for at, (text, to) in enumerate(blocks)), REGISTRY, least=least,
    )  # fmt: skip


def pay(to: str) -> Output:
    return Output(312_500_000, script_of(to, "main"))


def addresses(found: Suggestions) -> Iterable[str]:
    return [each.address for each in found.payouts]


def test_a_script_that_takes_most_of_several_signed_blocks_is_suggested_with_counts_and_dates() -> None:
    found = suggested((b"/Red/", NEW), (b"/Red/", OTHER), (b"/Red/", KNOWN), (b"/Red/", NEW), (b"/Red/", NEW))
    assert found.payouts == (NewPayout(RED, NEW, 3, 4, Sighting(0, 0), Sighting(4, 4000)),)


def test_the_entry_holds_the_whole_pool_and_makes_the_address_known() -> None:
    found = suggested((b"/Red/", NEW), (b"/Red/", NEW))
    [entry] = found.entries
    extended = REGISTRY.extended(tomllib.loads(entry), origin="test")
    before, after = REGISTRY.by_slug[RED], extended.by_slug[RED]
    assert after.addresses == (KNOWN, NEW)
    assert (after.name, after.link, after.tags, after.plain_tags, after.place, after.kind) == (
        before.name, before.link, before.tags, before.plain_tags, before.place, before.kind,
    )  # fmt: skip


def test_what_proves_nothing_is_not_suggested() -> None:
    once = suggested((b"/Red/", NEW))
    two_pools = suggested((b"/Red/", NEW), (b"/Red/", NEW), (b"/Blue/", NEW))
    custodian = suggested((b"/Red/", BANK), (b"/Red/", BANK))
    customers = suggested((b"/Solo/", NEW), (b"/Solo/", NEW))
    plain_word = suggested((b"ruby", NEW), (b"ruby", NEW))
    contradiction = suggested((b"/Red//Blue/", NEW), (b"/Red//Blue/", NEW))
    worker = suggested((b"xx Mined by /Red/", NEW), (b"xx Mined by /Red/", NEW))
    for found in (once, two_pools, custodian, customers, plain_word, contradiction, worker):
        assert addresses(found) == []
    assert addresses(suggested((b"/Red/", NEW), least=1)) == [NEW]
