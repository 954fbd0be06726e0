"""Two lists and our decisions."""

import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from monitor.errors import RegistryError
from monitor.model import PoolSlug
from monitor.registry import PoolRegistry
from monitor.registry.decisions import Decisions
from monitor.registry.merge import Merged, merge
from monitor.registry.upstream import read

ROOT = Path(__file__).parents[3]
A, B = "1KFHE7w8BhaENAswwryaoccDb6qcT6DbYY", "1Bf9sZvBHPFGVPX71WX2njhd1NXKv5y7v5"


def pool(name: str, addresses: tuple[str, ...] = (), tags: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"id": 1, "name": name, "addresses": list(addresses), "tags": list(tags), "link": ""}


def attempted(one: list[dict[str, Any]], two: list[dict[str, Any]], **decided: list[dict[str, Any]]) -> Merged:
    lists = [read(pools, source) for source, pools in (("one", one), ("two", two)) if pools]
    return merge(lists, Decisions.of(decided))


def merged(one: list[dict[str, Any]], two: list[dict[str, Any]], **decided: list[dict[str, Any]]) -> PoolRegistry:
    found = attempted(one, two, **decided)
    assert (found.undecided, found.idle) == ((), ())
    return PoolRegistry.parse(found.text)


def test_the_shipped_registry_is_what_the_script_makes_of_the_shipped_copies() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "compile_pools.py"))
    assert script["compiled"](script["UPSTREAM"]) == (ROOT / "config/pools/registry.toml").read_text("utf-8")


def test_every_decision_has_its_reason() -> None:
    for entries in tomllib.loads((ROOT / "config/pools/decisions.toml").read_text("utf-8")).values():
        assert all(len(entry["reason"]) >= 10 for entry in entries)


def test_marks_of_both_lists_are_joined_under_the_first_name() -> None:
    registry = merged([pool("My Pool", (A,))], [pool("MyPool", (B,), ("/x y/",))])
    found = registry.by_slug[PoolSlug("mypool")]
    assert (found.name, found.addresses, found.tags, found.sources) == ("My Pool", (B, A), ("/x y/",), ("one", "two"))


def test_a_contradiction_must_be_decided() -> None:
    lists = [pool("Red", (A,))], [pool("Blue", (A,))]
    assert attempted(*lists).undecided == (f"address {A!r} is claimed by red and blue: decide it",)
    registry = merged(*lists, give=[{"pool": "blue", "address": A}])
    assert registry.by_slug[PoolSlug("blue")].addresses == (A,)
    assert registry.by_slug[PoolSlug("red")].addresses == ()


@pytest.mark.parametrize(
    "decisions",
    [
        {"give": [{"pool": "red", "address": A}]},
        {"drop": [{"pool": "red", "tags": ["/gone/"]}]},
        {"drop": [{"pool": "nobody", "addresses": [A]}]},
        {"add": [{"pool": "red", "addresses": [A]}]},
        {"add": [{"pool": "nobody", "tags": ["/new/"]}]},
        {"give": [{"pool": "nobody", "address": A}]},
        {"same": [{"slug": "red", "other": "rot"}]},
        {"plain": [{"tags": ["/gone/"]}]},
        {"kind": [{"kind": "solo", "pools": ["nobody"]}]},
        {"custodian": [{"name": "Bank", "addresses": [B]}]},
    ],
)
def test_a_decision_that_decides_nothing_is_told(decisions: dict[str, Any]) -> None:
    (told,) = attempted([pool("Red", (A,))], [], **decisions).idle
    assert told.startswith("decisions.")


def test_texts_with_any_letters_survive_being_written() -> None:
    tags = ("七彩神仙鱼", "🐵🚀", '/"q"\\/', "\t\t \t")
    assert set(merged([pool("Red", tags=tags)], []).by_slug[PoolSlug("red")].tags) == set(tags)


def test_a_decision_in_vain_does_not_stop_the_others() -> None:
    found = attempted(
        [pool("Red", (A,))], [], drop=[{"pool": "red", "tags": ["/gone/"]}, {"pool": "red", "addresses": [A]}]
    )
    assert found.idle == ("decisions.drop: red does not claim tag '/gone/': remove it",)
    assert not PoolRegistry.parse(found.text).by_slug[PoolSlug("red")].addresses


def test_every_contradiction_is_told_at_once() -> None:
    found = attempted([pool("Red", (A,), ("/x/",))], [pool("Blue", (A,), ("/x/",))])
    assert len(found.undecided) == 2


def test_a_tag_that_is_plain_here_stays_so_when_a_list_comes_to_know_it() -> None:
    registry = merged([pool("DMND", (), ("DMND",))], [], add=[{"pool": "dmnd", "name": "DMND", "plain_tags": ["DMND"]}])
    assert (registry.by_slug[PoolSlug("dmnd")].tags, registry.by_slug[PoolSlug("dmnd")].plain_tags) == ((), ("DMND",))


def test_decisions_of_two_files_are_carried_out_together() -> None:
    ours = Decisions.of({"kind": [{"kind": "solo", "pools": ["red"]}]})
    own = Decisions.of({"give": [{"pool": "blue", "address": A}]})
    lists = [read([pool("Red", (A,))], "one"), read([pool("Blue", (A,))], "two")]
    registry = PoolRegistry.parse(merge(lists, ours + own).text)
    assert registry.by_slug[PoolSlug("blue")].addresses == (A,)
    assert registry.by_slug[PoolSlug("red")].kind == "solo"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"typo": []}, "unknown word 'typo'"),
        ({"drop": {}}, "array of tables"),
        ({"drop": [{"tags": ["x"]}]}, "pool is missing"),
        ({"drop": [{"pool": "red", "tag": 5}]}, "tag must be"),
        ({"drop": [{"pool": "red", "tags": "x"}]}, "tags must be"),
        ({"drop": [{"pool": "red", "why": "x"}]}, "unknown key 'why'"),
        ({"kind": [{"kind": "club", "pools": ["red"]}]}, "kind 'club' is none of"),
        ({"give": [{"pool": "red"}]}, "one address or one tag"),
    ],
)
def test_a_decision_that_cannot_be_read_is_refused_with_its_place(document: dict[str, Any], said: str) -> None:
    with pytest.raises(RegistryError, match="decisions") as refused:
        Decisions.of(document)
    assert said in str(refused.value)
