"""Two lists and our decisions."""

import runpy
import tomllib
from pathlib import Path
from typing import Any

import pytest

from monitor.attribution import Registry
from monitor.attribution.merge import merge
from monitor.errors import RegistryError

ROOT = Path(__file__).parents[3]
A, B = "1KFHE7w8BhaENAswwryaoccDb6qcT6DbYY", "1Bf9sZvBHPFGVPX71WX2njhd1NXKv5y7v5"


def pool(name: str, addresses: tuple[str, ...] = (), tags: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"id": 1, "name": name, "addresses": list(addresses), "tags": list(tags), "link": ""}


def merged(one: list[dict[str, Any]], two: list[dict[str, Any]], **decisions: list[dict[str, Any]]) -> Registry:
    return Registry.parse(merge({"one": one, "two": two}, decisions))


def test_the_shipped_registry_is_what_the_script_makes_of_the_shipped_copies() -> None:
    script = runpy.run_path(str(ROOT / "scripts" / "compile_pools.py"))
    assert script["compiled"](script["UPSTREAM"]) == (ROOT / "config/pools/registry.toml").read_text("utf-8")


def test_every_decision_has_its_reason() -> None:
    for entries in tomllib.loads((ROOT / "config/pools/decisions.toml").read_text("utf-8")).values():
        assert all(len(entry["reason"]) >= 10 for entry in entries)


def test_marks_of_both_lists_are_joined_under_the_first_name() -> None:
    registry = merged([pool("My Pool", (A,))], [pool("MyPool", (B,), ("/x y/",))])
    found = registry.pools["mypool"]
    assert (found.name, found.addresses, found.tags, found.sources) == ("My Pool", (B, A), ("/x y/",), ("one", "two"))


def test_a_contradiction_must_be_decided() -> None:
    lists = [pool("Red", (A,))], [pool("Blue", (A,))]
    with pytest.raises(RegistryError, match="claimed by red and blue: decide it"):
        merged(*lists)
    registry = merged(*lists, give=[{"pool": "blue", "address": A}])
    assert registry.pools["blue"].addresses == (A,)
    assert registry.pools["red"].addresses == ()


@pytest.mark.parametrize(
    "decisions",
    [
        {"give": [{"pool": "red", "address": A}]},
        {"drop": [{"pool": "red", "tags": ["/gone/"]}]},
        {"drop": [{"pool": "nobody", "addresses": [A]}]},
        {"add": [{"pool": "red", "addresses": [A]}]},
        {"same": [{"slug": "red", "other": "rot"}]},
        {"plain": [{"tags": ["/gone/"]}]},
        {"kind": [{"kind": "solo", "pools": ["nobody"]}]},
        {"custodian": [{"name": "Bank", "addresses": [B]}]},
        {"typo": []},
    ],
)
def test_a_decision_that_decides_nothing_is_refused(decisions: dict[str, Any]) -> None:
    with pytest.raises(RegistryError, match="decisions"):
        merged([pool("Red", (A,))], [], **decisions)


def test_texts_with_any_letters_survive_being_written() -> None:
    tags = ("七彩神仙鱼", "🐵🚀", '/"q"\\/', "\t\t \t")
    assert set(merged([pool("Red", tags=tags)], []).pools["red"].tags) == set(tags)
