"""Payout scripts that the registry does not know, of pools that are known by their tag alone.

A pool that starts to pay another script is named by its tag from then on, and a tag costs nothing. The script becomes
evidence only when the user accepts it: this makes the entry for the user's file.
"""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from monitor.attribution.clusters import TWICE
from monitor.attribution.fingerprint import main_payout
from monitor.attribution.match import Rank, attribute, findings
from monitor.model import Coinbase, Method, PoolSlug, StoredCoinbase
from monitor.registry import Kind, Pool, PoolRegistry
from monitor.registry.address import address_of, script_of


@dataclass(frozen=True, slots=True)
class Sighting:
    """A block."""

    height: int
    time: int
    """Header time, Unix seconds."""


@dataclass(frozen=True, slots=True)
class NewPayout:
    """A script that takes most of the reward in several blocks with the tag of one pool, and of no other."""

    pool: PoolSlug
    address: str
    blocks: int
    of: int
    """How many blocks with the pool's tag and an unknown payout there are from `first` to `last`."""
    first: Sighting
    last: Sighting


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What could be accepted."""

    payouts: tuple[NewPayout, ...]
    """By pool, most blocks first."""
    entries: tuple[str, ...]
    """TOML for the user's registry file, one for each pool: all that the registry knows of it, with the addresses."""


def new_payouts(blocks: Iterable[StoredCoinbase], registry: PoolRegistry, *, least: int = TWICE) -> Suggestions:
    """The payouts that `least` blocks or more have in common; `blocks` are in the order of their heights.

    Services for solo miners and marketplaces are left out: they pay a customer.
    """
    custodians = {script_of(address, registry.network) for each in registry.custodians for address in each.addresses}
    signed: defaultdict[PoolSlug, list[int]] = defaultdict(list)
    paid: defaultdict[bytes, defaultdict[PoolSlug, list[Sighting]]] = defaultdict(lambda: defaultdict(list))
    for height, time, coinbase in blocks:
        pool = _signer(coinbase, registry)
        if pool is not None:
            signed[pool].append(height)
            payout = main_payout(coinbase)
            if payout is not None and payout not in custodians:
                paid[payout][pool].append(Sighting(height, time))
    found = []
    for payout, pools in paid.items():
        address = address_of(payout, registry.network)
        (pool, seen), *others = pools.items()
        if address and not others and len(seen) >= least:
            first, last = seen[0], seen[-1]
            within = bisect_right(signed[pool], last.height) - bisect_left(signed[pool], first.height)
            found.append(NewPayout(pool, address, blocks=len(seen), of=within, first=first, last=last))
    found.sort(key=lambda each: (each.pool, -each.blocks, each.address))
    addresses: defaultdict[PoolSlug, list[str]] = defaultdict(list)
    for each in found:
        addresses[each.pool].append(each.address)
    entries = [_entry(registry.by_slug[pool], new, registry.network) for pool, new in addresses.items()]
    return Suggestions(tuple(found), tuple(entries))


def _signer(coinbase: Coinbase, registry: PoolRegistry) -> PoolSlug | None:
    """The pool that a coinbase is known by through a specific tag alone, without a contradiction."""
    found = attribute(coinbase, registry)
    if found.pool is None or found.method is not Method.TAG or found.conflict:
        return None
    strongest, *_ = findings(coinbase, registry).marks
    is_specific = strongest.rank in {Rank.SIGNATURE, Rank.SPECIFIC_TAG}
    return found.pool if is_specific and registry.by_slug[found.pool].kind is Kind.POOL else None


def _entry(pool: Pool, addresses: list[str], network: str) -> str:
    """As the registry's own file is written; JSON's strings and arrays are TOML's too."""
    values = {
        "slug": pool.slug, "name": pool.name, "kind": pool.kind, "link": pool.link,
        "addresses": [*pool.addresses, *addresses], "tags": pool.tags, "plain_tags": pool.plain_tags,
        "place": pool.place,
    }  # fmt: skip
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items() if value]
    return "\n".join([f"[[{network}.pool]]", *lines]) + "\n"
