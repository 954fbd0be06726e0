"""The registry's text, and what is wrong with it."""

import pytest

from monitor.config import Network
from monitor.errors import RegistryError
from monitor.model import PoolSlug
from monitor.registry import Kind, PoolRegistry
from monitor.registry.address import script_of
from monitor.registry.loading import load_pools
from monitor.registry.pool import slug_of

MAIN, TEST = "1KFHE7w8BhaENAswwryaoccDb6qcT6DbYY", "mjP97q5BWtdpdsJLkEJvQWgLe9zw4MMVU6"
TEXT = f"""
[[main.pool]]
slug = "red"
name = "Red"
kind = "solo"
addresses = ["{MAIN}"]
tags = ["/Red/"]
plain_tags = ["meadow"]

[[main.custodian]]
name = "Bank"
addresses = ["1Bf9sZvBHPFGVPX71WX2njhd1NXKv5y7v5"]

[[signet.pool]]
slug = "blue"
name = "Blue"
addresses = ["{TEST}"]
tags = ["/Blue/"]
"""


def test_the_text_becomes_pools() -> None:
    registry = PoolRegistry.parse(TEXT)
    assert registry.names == {"red": "Red"}
    assert registry.by_slug[PoolSlug("red")].kind is Kind.SOLO
    assert registry.custodians[0].name == "Bank"
    assert set(registry.index.payees) == {script_of(MAIN, "main")}


def test_a_test_network_has_the_tags_of_main_and_its_own_addresses() -> None:
    registry = PoolRegistry.parse(TEXT, network="signet")
    assert list(registry.names) == ["blue", "red"]
    assert set(registry.index.payees) == {script_of(TEST, "signet")}
    assert {tag.text for tag in registry.index.tags} == {b"/Blue/", b"/Red/", b"meadow"}
    assert list(PoolRegistry.parse(TEXT, network="regtest").names) == ["red"]


def test_the_hash_is_that_of_the_content() -> None:
    entries = TEXT.split("\n\n")
    assert PoolRegistry.parse(TEXT).hash == PoolRegistry.parse("\n\n".join(reversed(entries))).hash
    assert PoolRegistry.parse(TEXT).hash != PoolRegistry.parse(TEXT.replace("/Red/", "/Rot/")).hash
    assert PoolRegistry.parse(TEXT).hash != PoolRegistry.parse(TEXT, network="signet").hash
    assert len(PoolRegistry.parse("").hash) == 16


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("tags =", "tag =", r"main.pool\[0\] red: unknown key 'tag'"),
        ("[[main.pool]]", "[[mian.pool]]", "unknown key 'mian'"),
        ("[[main.pool]]", "[[main.pools]]", "main: unknown key 'pools'"),
        ("[[main.pool]]", "[main.pool]", "must be an array of tables"),
        ('name = "Red"', "", "name must be"),
        ('name = "Red"', 'name = "R\\u001bed"', "name must be a printable text"),
        ('slug = "red"', 'slug = "R"', "may hold only a-z and 0-9"),
        ('"solo"', '"sole"', "kind 'sole' is none of pool, solo, marketplace"),
        ('["/Red/"]', '"/Red/"', "tags must be a list"),
        ('["/Red/"]', '["ab"]', "must be 3 to 100 bytes"),
        ('["/Red/"]', '["/Red/", "/Red/"]', "lists '/Red/' twice"),
        ('["/Red/"]', '["/R', "not valid TOML"),
        (MAIN, MAIN[:-1] + "Z", "is not an address of main"),
        (MAIN, TEST, "is not an address of main"),
        (MAIN, "1Bf9sZvBHPFGVPX71WX2njhd1NXKv5y7v5", "pool red's and shared by custodian Bank"),
        ("[[signet.pool]]", "[[main.pool]]", "is not an address of main"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(old: str, new: str, said: str) -> None:
    with pytest.raises(RegistryError, match=said) as caught:
        PoolRegistry.parse(TEXT.replace(old, new, 1), origin="pools.toml")
    assert str(caught.value).startswith("pools.toml")


def test_a_mark_belongs_to_one_pool() -> None:
    twin = '[[main.pool]]\nslug = "twin"\nname = "Twin"\n'
    with pytest.raises(RegistryError, match=r"address .* belongs to two pools, red and twin"):
        PoolRegistry.parse(TEXT + twin + f'addresses = ["{MAIN}"]')
    with pytest.raises(RegistryError, match="tag '/Red/' belongs to two pools"):
        PoolRegistry.parse(TEXT + twin + 'tags = ["/Red/"]')
    with pytest.raises(RegistryError, match="pool 'red' is listed twice"):
        PoolRegistry.parse(TEXT + twin.replace("twin", "red"))


def test_a_network_nobody_knows() -> None:
    with pytest.raises(RegistryError, match="choose one of main, testnet4, signet, regtest"):
        PoolRegistry.parse(TEXT, network="moon")


@pytest.mark.parametrize("network", ["main", "testnet4", "signet", "regtest"])
def test_the_shipped_registry_loads_for_every_network(network: Network) -> None:
    registry = load_pools(network)
    assert len(registry.by_slug) > 170
    assert all(slug == slug_of(pool.name) for slug, pool in registry.by_slug.items())


@pytest.mark.parametrize(
    ("address", "script"),
    [
        ("1KFHE7w8BhaENAswwryaoccDb6qcT6DbYY", "76a914c825a1ecf2a6830c4401620c3a16f1995057c2ab88ac"),
        ("38u1srayb1oybVB43UWKBJsrwJbdHGtPx2", "a9144f0dd555d6f74016b8c57b265b17615dc092fa7687"),
        ("bc1qjl8uwezzlech723lpnyuza0h2cdkvxvh54v3dn", "001497cfc76442fe717f2a3f0cc9c175f7561b661997"),
        (
            "bc1pp7w6kxnj7lzgm29pmuhezwl0vjdlcrthqukll5gn9xuqfq5n673smy4m63",
            "51200f9dab1a72f7c48da8a1df2f913bef649bfc0d77072dffd11329b8048293d7a3",
        ),
    ],
)
def test_addresses_become_the_scripts_that_the_chain_shows(address: str, script: str) -> None:
    assert script_of(address, "main").hex() == script
    with pytest.raises(ValueError, match="not an address of signet"):
        script_of(address, "signet")


@pytest.mark.parametrize(
    "text", ["", "1", "bc1", "bc1q", "é", "bc1qjl8uwezzlech723lpnyuza0h2cdkvxvh54v3dm", "0" * 9999]
)
def test_what_is_no_address_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        script_of(text, "main")
