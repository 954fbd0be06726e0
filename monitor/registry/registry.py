"""The registry of pools: a checked, frozen value that knows its own content hash."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from monitor.documents import parse_toml
from monitor.errors import RegistryError
from monitor.model import PoolSlug
from monitor.registry.address import NETWORKS
from monitor.registry.document import located, overlay, section
from monitor.registry.index import Index
from monitor.registry.pool import Custodian, Pool

RULES_VERSION = 3
"""Part of the content hash. Raised when the rules change, so that stored blocks are attributed again."""


@dataclass(frozen=True)
class PoolRegistry:
    """Every pool of one network, with the index of its marks."""

    network: str
    by_slug: Mapping[PoolSlug, Pool]
    """By slug, sorted."""
    custodians: tuple[Custodian, ...]
    hash: str
    """16 hex digits over the content: two registries that say the same have the same, whatever their order."""
    index: Index = field(repr=False, compare=False)

    def __hash__(self) -> int:
        return hash(self.hash)

    @property
    def names(self) -> Mapping[PoolSlug, str]:
        """What to call the pools."""
        return {slug: pool.name for slug, pool in self.by_slug.items()}

    @classmethod
    def parse(cls, text: str, *, network: str = "main", origin: str = "the pool registry") -> PoolRegistry:
        """Read and check a registry.

        Args:
            text: TOML, with an array `pool` and an array `custodian` for each network, as in `[[main.pool]]`.
            network: the network whose addresses are used: main, testnet4, signet or regtest.
            origin: where the text is from, for messages.

        Raises:
            RegistryError: it cannot be used, with the place and the remedy.
        """
        if network not in NETWORKS:
            raise RegistryError(f"unknown network {network!r}: choose one of {', '.join(NETWORKS)}")
        with located(origin):
            return cls.of(*section(parse_toml(text), network), network=network)

    def extended(self, document: dict[str, Any], *, origin: str) -> PoolRegistry:
        """This registry with the user's own entries, which outrank it.

        A pool of the same slug is replaced, and an address or tag that the user gives to one pool is taken from all
        others. The entries are as `parse` has them in TOML; `origin` says where they are from, in messages.

        Raises:
            RegistryError: they cannot be used, with the place and the remedy.
        """
        with located(origin):
            pools, custodians = section(document, self.network)
            return self.of(
                overlay(self.by_slug.values(), pools, custodians), (*self.custodians, *custodians), network=self.network
            )

    @classmethod
    def of(cls, pools: Iterable[Pool], custodians: Iterable[Custodian] = (), *, network: str = "main") -> PoolRegistry:
        """A registry of these pools, in whatever order.

        Raises:
            RegistryError: a slug or a mark occurs twice, or an address is not one.
        """
        ordered = sorted(pools, key=lambda pool: pool.slug)
        for pool, following in pairwise(ordered):
            if pool.slug == following.slug:
                raise RegistryError(f"pool {pool.slug!r} is listed twice: merge the entries")
        shared = tuple(sorted(custodians, key=lambda custodian: custodian.name))
        by_slug = MappingProxyType({pool.slug: pool for pool in ordered})
        index = Index(ordered, shared, network)
        return cls(network, by_slug, shared, hash=_content_hash(network, ordered, shared), index=index)


def _content_hash(network: str, pools: Sequence[Pool], custodians: Sequence[Custodian]) -> str:
    entries = [*map(asdict, pools), *map(asdict, custodians)]
    for entry in entries:
        entry.update({key: sorted(value) for key, value in entry.items() if isinstance(value, tuple)})
    return sha256(json.dumps([RULES_VERSION, network, entries], sort_keys=True).encode()).hexdigest()[:16]
