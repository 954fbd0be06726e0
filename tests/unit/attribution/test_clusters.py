"""Which unattributed blocks are one miner's, and what someone who wants it otherwise can do."""

import gzip
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from monitor.attribution import attribute
from monitor.attribution.clusters import clusters
from monitor.attribution.fingerprint import Fingerprint, Structure, fingerprint
from monitor.attribution.frequent import most_frequent
from monitor.model import Cluster, Coinbase, Output
from monitor.registry import PoolRegistry
from monitor.registry.loading import load_pools

GOLDEN = Path(__file__).parents[2] / "golden" / "coinbases.jsonl.gz"
MEADOW, BROOK = "/meadow/", "/brook/"


def script(number: int) -> bytes:
    return b"\x00\x14" + number.to_bytes(20)


def block(payout: int | None = None, text: str | None = None) -> Fingerprint:
    return Fingerprint(None if payout is None else script(payout), text, Structure())


def groups(blocks: Iterable[Fingerprint], **options: Any) -> list[list[int]]:  # noqa: ANN401 -- passed on
    """The clusters of a chain of these blocks, as their places in it."""
    found = clusters(dict(enumerate(blocks)), **options)
    by_name: dict[str, list[int]] = {}
    for at, cluster in found.items():
        by_name.setdefault(cluster.name, []).append(at)
    assert all(len(members) == found[members[0]].blocks for members in by_name.values())
    return sorted(by_name.values())


# -- what links --------------------------------------------------------------------------------------------------------


def test_blocks_that_share_nothing_are_in_no_cluster() -> None:
    assert groups([block(1), block(2), block(text=MEADOW), block(text=BROOK), block(), block()]) == []


def test_a_payout_script_paid_again_links() -> None:
    assert groups([block(1), block(2), block(1)]) == [[0, 2]]


def test_a_text_signed_again_links_whatever_it_pays() -> None:
    assert groups([block(1, MEADOW), block(2, MEADOW), block(text=MEADOW), block(4, BROOK)]) == [[0, 1, 2]]


def test_the_miner_with_rotating_addresses_and_a_new_uuid_each_time_is_one() -> None:
    coinbases = [
        Coinbase(
            b"\x03" + (880_000 + at).to_bytes(3, "little") + b"\x04\x01\x02\x03" + b"gh"[at % 2 : at % 2 + 1]
            + f"://{UUID(int=at * 0x9E3779B97F4A7C15F39CC0605CEDC835 % (1 << 128))}".encode() + b"\0\x01\x0e\x9f",
            (Output(312_500_000, script(at)),),
        )
        for at in range(167)
    ]  # fmt: skip
    found = clusters({at: fingerprint(coinbase) for at, coinbase in enumerate(coinbases)})
    assert set(found) == set(range(167))
    (cluster,) = set(found.values())
    assert cluster.blocks == 167
    assert cluster.evidence[0] == "text '://<any uuid>': 167 blocks"


def test_miners_who_run_the_same_software_stay_apart() -> None:
    signed = b"\x03\x80\x86\x0d\0\x04aaaa\x04bbbb\x0cabc\0\x01\x02\x03\x04\x05\x06\x07\x08\nckpool"
    coinbases = [Coinbase(signed, (Output(1, script(at % 20)),)) for at in range(40)]
    assert groups(map(fingerprint, coinbases)) == [[at, at + 20] for at in range(20)]


def test_one_address_with_random_texts_is_one_miner() -> None:
    assert groups(block(1, f"/{word}{word}/") for word in ("gazam", "guzaak", "eaczj", "qwery", "plokij")) == [
        [0, 1, 2, 3, 4]
    ]


def test_one_miner_may_change_his_text_and_later_his_address() -> None:
    """Blocks 690688 to 890183 of one miner: first the text changed, then the address."""
    chain = [block(1, "powered by wind")] * 6 + [block(1, "\t\t\t \t\t \t")] * 4 + [block(2, "\t\t\t \t\t \t")] * 20
    assert groups(chain) == [list(range(30))]


# -- what someone who wants it otherwise can do ------------------------------------------------------------------------


def test_one_block_with_ones_text_and_anothers_payout_goes_with_the_money_and_joins_nobody() -> None:
    chain = [block(1, MEADOW)] * 5 + [block(2, BROOK)] * 5
    assert groups([*chain, block(2, MEADOW)]) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9, 10]]


def test_who_copies_a_text_adds_only_his_own_block() -> None:
    chain = [block(1, MEADOW)] * 5 + [block(2, BROOK)] * 5
    assert groups([*chain, block(3, MEADOW)]) == [[0, 1, 2, 3, 4, 10], [5, 6, 7, 8, 9]]


def test_who_copies_two_texts_does_not_join_them() -> None:
    chain = [block(1, MEADOW)] * 5 + [block(2, BROOK)] * 5
    assert groups(chain + [block(3, MEADOW)] * 2 + [block(3, BROOK)] * 3) == [
        [0, 1, 2, 3, 4],
        list(range(5, 15)),
    ]


def test_neither_do_two_addresses_of_his_with_a_text_between_them() -> None:
    chain = [block(text=MEADOW)] * 5 + [block(text=BROOK)] * 5
    attack = [
        mark for text, payout in ((MEADOW, 3), (BROOK, 4)) for mark in [block(payout, text), block(payout, "/own/")] * 2
    ]
    joined = groups(chain + attack)
    assert not any(0 in members and 5 in members for members in joined)


def test_a_copy_of_a_text_given_up_long_ago_does_not_tear_its_miner_apart() -> None:
    chain = [block(1, MEADOW)] * 6 + [block(1, BROOK)] * 4 + [block(2, BROOK)] * 20
    assert groups([*chain, block(9, MEADOW), block(8, MEADOW)]) == [list(range(32))]


def test_two_copies_of_a_text_in_a_long_row_of_ones_own_do_not_join_its_miner() -> None:
    chain = [block(1, MEADOW)] * 5 + [block(2, BROOK)] * 18
    assert groups(chain + [block(2, MEADOW)] * 2) == [[0, 1, 2, 3, 4], list(range(5, 25))]


# -- payouts that several miners share ---------------------------------------------------------------------------------


def test_a_till_of_many_signatures_welds_nobody() -> None:
    chain = [block(1, f"/{name}/") for name in ("meadow", "brook", "forest", "valley")] * 3
    assert groups([*chain, block(1), block(1)]) == [[at, at + 4, at + 8] for at in range(4)]


def test_many_workers_of_one_house_are_no_till() -> None:
    chain = [block(1, f"/meadow/{name}/") for name in ("ann", "bob", "cid", "dan", "eve")] * 2
    assert groups(chain) == [list(range(10))]


def test_a_known_custodian_links_nobody() -> None:
    assert groups([block(1), block(1), block(1, MEADOW), block(2, MEADOW)], custodians=frozenset([script(1)])) == [
        [2, 3]
    ]


# -- names and evidence ------------------------------------------------------------------------------------------------


def test_the_name_stays_as_the_cluster_grows() -> None:
    chain = [block(1, MEADOW)] * 2 + [block(2, MEADOW)] * 5 + [block(2)] * 3
    names = {clusters(dict(enumerate(chain[:length])))[0].name for length in range(2, len(chain) + 1)}
    assert len(names) == 1


def test_of_two_that_turn_out_to_be_one_the_older_name_stays() -> None:
    chain = [block(1)] * 3 + [block(2, MEADOW)] * 3
    before = clusters(dict(enumerate(chain)))
    after = clusters(dict(enumerate(chain + [block(1, MEADOW)] * 3)))
    assert before[0].name != before[3].name
    assert {cluster.name for cluster in after.values()} == {before[0].name}


def test_where_two_names_would_be_the_same_the_younger_gets_more_digits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("monitor.attribution.clusters._NAME_DIGITS", 1)
    chain = [block(at // 2) for at in range(80)]
    found = clusters(dict(enumerate(chain)))
    assert len({cluster.name for cluster in found.values()}) == 40
    assert {at: clusters(dict(enumerate(chain[:40])))[at].name for at in range(40)} == {
        at: found[at].name for at in range(40)
    }


def test_the_evidence_names_address_text_and_structure() -> None:
    found = clusters({at: Fingerprint(script(1), MEADOW, Structure((4,), payouts=1)) for at in range(3)})
    assert found[0] == Cluster(
        found[0].name,
        3,
        (
            "payout to bc1qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqpc02p7z: 3 blocks",
            "text '/meadow/': 3 blocks",
            "coinbase with an extra push of 4 bytes, one payout, no data outputs, no merge mining: 3 blocks",
        ),
    )


def test_a_payout_without_address_is_shown_as_shortened_hex() -> None:
    key = b"\x41\x04" + bytes(64) + b"\xac"
    (cluster,) = set(clusters({at: Fingerprint(key, None, Structure()) for at in range(2)}).values())
    assert cluster.evidence[0].startswith("payout to script 410400000")
    assert len(cluster.evidence[0]) < 90


def test_the_evidence_is_bounded() -> None:
    chain = [block(at % 50, MEADOW) for at in range(200)]
    (cluster,) = set(clusters(dict(enumerate(chain))).values())
    assert cluster.blocks == 200
    assert len(cluster.evidence) == 8
    assert cluster.evidence[5] == "45 more payout scripts"


# -- real coinbases ----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def golden() -> list[tuple[int, Coinbase]]:
    """By height; some heights have several."""
    with gzip.open(GOLDEN) as lines:
        rows = sorted(map(json.loads, lines), key=lambda row: (row["height"], row.get("hash") or ""))
    return [(row["height"], golden_coinbase(row)) for row in rows]


def golden_coinbase(row: dict[str, Any]) -> Coinbase:
    outputs = [
        Output(output["value_sat"] or 0, bytes.fromhex(output["script_hex"])) for output in row.get("outputs", ())
    ]
    return Coinbase(bytes.fromhex(row["script_hex"]), tuple(outputs))


def test_without_any_registry_real_pools_are_found_again_and_none_are_mixed(golden: list[tuple[int, Coinbase]]) -> None:
    registry = load_pools()
    pools = [attribute(coinbase, registry).pool for _, coinbase in golden]
    found = clusters({at: fingerprint(coinbase) for at, (_, coinbase) in enumerate(golden)})
    assert len(found) > 0.99 * len(golden)
    for cluster in set(found.values()):
        assert len({pools[at] for at, other in found.items() if other == cluster}) == 1, cluster


def test_a_pool_taken_from_the_registry_comes_together_and_the_unknown_stay_apart(
    golden: list[tuple[int, Coinbase]],
) -> None:
    full = load_pools()
    registry = PoolRegistry.of(
        [pool for slug, pool in full.by_slug.items() if slug not in ("carbonnegative", "sbicrypto")], full.custodians
    )
    unknown = {at: fingerprint(coin) for at, (_, coin) in enumerate(golden) if attribute(coin, registry).pool is None}
    found = clusters(unknown)
    sizes = {cluster.evidence[0]: cluster.blocks for cluster in found.values()}
    assert sizes == {
        r"text '\t\t\t \t\t \t': 21 blocks": 21,
        "text '/SBICrypto.com …/': 34 blocks": 34,
        "text '://<any uuid>': 6 blocks": 6,
        "text 'xmi': 5 blocks": 5,
    }
    assert [golden[at][0] for at in set(unknown) - set(found)] == [760765]


# -- suggestions -------------------------------------------------------------------------------------------------------


def coinbase(text: bytes, payout: int) -> Coinbase:
    return Coinbase(b"\x03abc" + text, (Output(100, script(payout)),))


def test_the_most_frequent_marks_come_first_with_an_example() -> None:
    blocks = [(b"/brook/", 1), (b"/meadow/", 2), (b"/meadow/", 2), (b"/once/", 3), (b"/brook/", 2)]
    found = most_frequent((str(at), coinbase(*block)) for at, block in enumerate(blocks, start=100))
    assert [(text.mark, text.blocks, text.example) for text in found.texts] == [
        ("/brook/", 2, "100"),
        ("/meadow/", 2, "101"),
    ]
    assert [(payout.blocks, payout.example) for payout in found.payouts] == [(3, "101")]


def test_pasted_into_a_registry_an_entry_names_the_blocks() -> None:
    blocks = [coinbase(text, at) for at, text in enumerate([b"/meadow 12/", b"/meadow 7/"])] + [coinbase(b"", 9)] * 2
    found = most_frequent((str(at), block) for at, block in enumerate(blocks))
    by_text = PoolRegistry.parse(found.texts[0].entry)
    assert [attribute(block, by_text).pool for block in blocks] == ["meadow", "meadow", None, None]
    by_payout = PoolRegistry.parse(found.payouts[0].entry)
    (slug,) = by_payout.by_slug
    assert [attribute(block, by_payout).pool for block in blocks] == [None, None, slug, slug]
    assert slug == clusters({at: fingerprint(block) for at, block in enumerate(blocks)})[2].name.replace("-", "")


def test_a_text_that_varies_altogether_is_registered_by_its_payouts() -> None:
    uuids = [UUID(int=at << 100 | 0xABCDEF) for at in range(4)]
    found = most_frequent((str(at), coinbase(f"://{uuid}".encode(), at)) for at, uuid in enumerate(uuids))
    (pool,) = PoolRegistry.parse(found.texts[0].entry).by_slug.values()
    assert (len(pool.addresses), pool.tags) == (4, ())


def test_entries_are_for_the_network_asked_for() -> None:
    blocks = [("1", coinbase(b"/meadow/", 1)), ("2", coinbase(b"/meadow/", 1))]
    found = most_frequent(blocks, network="regtest")
    assert found.texts[0].entry.startswith("[[regtest.pool]]\n")
    assert 'addresses = ["bcrt1' in found.payouts[0].entry


def test_suggestions_are_limited() -> None:
    blocks = [(str(at), coinbase(b"/meadow" + bytes([97 + at % 26]) * 4 + b"/", at % 26)) for at in range(52)]
    found = most_frequent(blocks, limit=3)
    assert (len(found.texts), len(found.payouts)) == (3, 3)
