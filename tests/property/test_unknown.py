"""Clusters of unknown miners are a function of the set, and nothing that a miner writes gets out of hand."""

import random
import tomllib
from collections import Counter

from hypothesis import example, given
from hypothesis import strategies as st

from monitor.attribution import attribute
from monitor.attribution.clusters import clusters
from monitor.attribution.fingerprint import Fingerprint, Structure, fingerprint
from monitor.attribution.frequent import most_frequent
from monitor.model import Cluster, Coinbase, Output
from monitor.registry import PoolRegistry
from monitor.registry.address import NETWORKS, address_of, script_of

PAYOUTS = [b"\x00\x14" + bytes([number]) * 20 for number in range(4)]
TEXTS = ["/meadow/", "/brook/", "/forest/", "/valley/", "abc"]


def rows(blocks: st.SearchStrategy[Fingerprint]) -> st.SearchStrategy[list[Fingerprint]]:
    """Chains in which the same kind of block comes several times, as one miner's do."""
    repeated = st.lists(st.tuples(blocks, st.integers(1, 5)), max_size=10)
    return repeated.map(lambda kinds: [mark for mark, count in kinds for _ in range(count)])


structures = st.sampled_from([Structure(), Structure((4,))])
marks = st.builds(Fingerprint, st.none() | st.sampled_from(PAYOUTS), st.none() | st.sampled_from(TEXTS), structures)
attacks = st.builds(
    Fingerprint,
    st.sampled_from([script[::-1] for script in PAYOUTS]),
    st.none() | st.sampled_from([*TEXTS, "/thief/", "/robber/"]),
    st.just(Structure()),
)
chains = rows(marks)

words = [
    b"/meadow/",
    b"Mined by ",
    b"ckpool",
    b"://14fb78b6-b0d0-4313-9069-2b2a6deaa7ff",
    b"\t\t \t\t \t",
    b"\xfa\xbemm",
]
letters = st.text(max_size=12).map(lambda text: text.encode("utf-8", "ignore"))
scripts = st.lists(st.sampled_from(words) | st.binary(max_size=20) | letters, max_size=6).map(b"".join)
outputs = st.lists(
    st.builds(Output, st.integers(0, 10**9), st.sampled_from(PAYOUTS) | st.binary(max_size=40)), max_size=3
).map(tuple)
coinbases = st.builds(Coinbase, scripts, outputs)


@given(chain=chains, seed=st.integers())
def test_the_order_in_which_blocks_are_told_never_matters(chain: list[Fingerprint], seed: int) -> None:
    told = list(enumerate(chain))
    random.Random(seed).shuffle(told)  # noqa: S311 -- an order, not a secret
    assert clusters(dict(told)) == clusters(dict(enumerate(chain)))


@given(chain=chains)
def test_every_cluster_has_its_own_name_and_counts_its_blocks(chain: list[Fingerprint]) -> None:
    found = list(clusters(dict(enumerate(chain))).values())
    assert len({cluster.name for cluster in found}) == len(set(found))
    assert all(cluster.blocks == found.count(cluster) >= 2 for cluster in found)


@given(chain=chains)
def test_blocks_alike_are_always_together(chain: list[Fingerprint]) -> None:
    found = clusters(dict(enumerate(chain)))
    for at, mark in enumerate(chain):
        if mark.shape is not None and chain.count(mark) > 1:
            assert {found.get(other) for other, same in enumerate(chain) if same == mark} == {found[at]}


@given(chain=chains, new=marks)
def test_one_block_of_a_new_kind_joins_no_two_clusters(chain: list[Fingerprint], new: Fingerprint) -> None:
    before = clusters(dict(enumerate(chain)))
    after = clusters(dict(enumerate([*chain, new])))
    if all((mark.payout, mark.shape) != (new.payout, new.shape) for mark in chain):
        assert not joined(before, after)


def joined(before: dict[int, Cluster], after: dict[int, Cluster]) -> bool:
    """Whether blocks of two clusters are now in one."""
    return any(
        cluster != old and one in after and after[one] == after.get(other)
        for one, old in before.items()
        for other, cluster in before.items()
    )


@given(chain=chains, attack=rows(attacks))
def test_who_pays_only_himself_joins_no_two_others_unless_he_outdoes_one(
    chain: list[Fingerprint], attack: list[Fingerprint]
) -> None:
    honest = Counter(mark.shape for mark in chain)
    copied = Counter[object]()
    within: list[Fingerprint] = []
    for mark in attack:
        copied[mark.shape] += 1
        if mark.shape not in honest or copied[mark.shape] <= honest[mark.shape]:
            within.append(mark)
    before = clusters(dict(enumerate(chain)))
    after = clusters(dict(enumerate([*chain, *within])))
    assert not joined(before, after)


@given(chain=chains, more=chains)
def test_a_cluster_keeps_its_name_as_long_as_its_first_block_is_first(
    chain: list[Fingerprint], more: list[Fingerprint]
) -> None:
    before = clusters(dict(enumerate(chain)))
    after = clusters(dict(enumerate([*chain, *more])))
    for name in {cluster.name for cluster in before.values()}:
        first = min(at for at, cluster in before.items() if cluster.name == name)
        if first in after and first == min(at for at, cluster in after.items() if cluster == after[first]):
            assert after[first].name == name


@given(coinbase=coinbases)
def test_a_fingerprint_is_small_and_safe_whatever_the_bytes(coinbase: Coinbase) -> None:
    found = fingerprint(coinbase)
    assert found.payout is None or len(found.payout) <= 67
    assert found.text is None or (0 < len(found.text) <= 110 and found.text.replace("\t", "").isprintable())
    assert str(found.structure).isprintable()
    assert len(str(found.structure)) < 180
    for cluster in clusters({1: found, 2: found}).values():
        assert all(line.isprintable() and len(line) < 220 for line in cluster.evidence)


@given(coinbase=coinbases)
@example(Coinbase(b"/meadow/Mined by \xfa\xbemm" + "¡¡¡¡".encode(), ()))  # what a customer of a pool writes
def test_every_entry_can_be_pasted_and_names_the_block(coinbase: Coinbase) -> None:
    found = most_frequent([("1", coinbase), ("2", coinbase)])
    for suggestion in (*found.texts, *found.payouts):
        assert suggestion.mark.isprintable()
        assert suggestion.entry.replace("\n", "").isprintable()
        if suggestion.entry:
            (slug,) = PoolRegistry.parse(suggestion.entry).by_slug
            assert attribute(coinbase, PoolRegistry.parse(suggestion.entry)).pool == slug
            assert len(tomllib.loads(suggestion.entry)["main"]["pool"]) == 1


def test_a_huge_hostile_coinbase_is_cheap() -> None:
    text = b"://Mined by /\t " * 200_000
    assert fingerprint(Coinbase(text, (Output(1, b"\x6a" + text),) * 3)).payout is None


@given(program=st.binary(min_size=2, max_size=40), version=st.integers(0, 16), network=st.sampled_from(NETWORKS))
def test_address_and_script_stand_for_each_other(program: bytes, version: int, network: str) -> None:
    script = bytes((version + 0x50 if version else 0, len(program))) + program
    address = address_of(script, network)
    if version or len(program) in (20, 32):
        assert address is not None
    assert address is None or script_of(address, network) == script


@given(digest=st.binary(min_size=20, max_size=20), network=st.sampled_from(NETWORKS))
def test_old_addresses_too(digest: bytes, network: str) -> None:
    for script in (b"\x76\xa9\x14" + digest + b"\x88\xac", b"\xa9\x14" + digest + b"\x87"):
        address = address_of(script, network)
        assert address is not None
        assert script_of(address, network) == script


@given(script=st.binary(max_size=80), network=st.sampled_from(NETWORKS))
def test_any_other_script_has_no_address(script: bytes, network: str) -> None:
    address = address_of(script, network)
    assert address is None or script_of(address, network) == script
