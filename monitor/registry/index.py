"""Lookup of pools by their marks: payout scripts in a dictionary, tags in one Aho-Corasick automaton.

The order of pools never matters: marks are sorted, and no mark belongs to two pools.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from ahocorasick_rs import AhoCorasick, BytesAhoCorasick

from monitor.errors import RegistryError
from monitor.model import PoolSlug
from monitor.registry.address import script_of
from monitor.registry.pool import Custodian, Place, Pool
from monitor.text import printable

Found: TypeAlias = tuple[int, int, int]
"""A tag in a text: its place in `Index.tags`, where it starts, and where it ends."""

_LOOSE_BYTES = 6
"""Shorter tags, their letter case ignored, would be found by chance."""


@dataclass(frozen=True, slots=True)
class Payee:
    """A script that pays a pool."""

    pool: PoolSlug
    address: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A text that a pool signs with."""

    pool: PoolSlug
    text: bytes
    evidence: str
    """The text, safe to show."""
    generic: bool
    """Whether it is an everyday word, or part of another pool's tag."""
    at_start: bool = False
    """Whether the pool signs with it where the text of the script starts, and nowhere else."""


class Index:
    """Finds marks in bytes.

    Raises:
        RegistryError: an address is not one, or a mark belongs to two pools.
    """

    def __init__(self, pools: Iterable[Pool], custodians: Iterable[Custodian], network: str) -> None:
        pools = sorted(pools, key=lambda pool: pool.slug)
        self.payees = _payees(pools, custodians, network)
        self.tags = _tags(pools)
        self._exact = BytesAhoCorasick([tag.text for tag in self.tags])
        loose = [
            (tag.text.lower(), at)
            for at, tag in enumerate(self.tags)
            if not tag.generic and len(tag.text) >= _LOOSE_BYTES
        ]
        self._loose = BytesAhoCorasick([text for text, _ in loose])
        self._loose_tags = [at for _, at in loose]

    def tags_in(self, text: bytes) -> list[Found]:
        """Every place in `text` where a tag stands."""
        return self._exact.find_matches_as_indexes(text, overlapping=True)

    def loose_tags_in(self, text: bytes) -> list[Found]:
        """The same for long and distinctive tags, a-z and A-Z taken as equal."""
        found = self._loose.find_matches_as_indexes(text.lower(), overlapping=True)
        return [(self._loose_tags[at], start, end) for at, start, end in found]


def _payees(pools: Iterable[Pool], custodians: Iterable[Custodian], network: str) -> dict[bytes, Payee]:
    payees: dict[bytes, Payee] = {}
    for pool in pools:
        for address in pool.addresses:
            script = _script(address, network, pool.name)
            other = payees.setdefault(script, Payee(pool.slug, address)).pool
            if other != pool.slug:
                raise RegistryError(f"address {address} belongs to two pools, {other} and {pool.slug}: keep one")
    for custodian in custodians:
        for address in custodian.addresses:
            shared = payees.get(_script(address, network, custodian.name))
            if shared:
                raise RegistryError(
                    f"address {address} is pool {shared.pool}'s and shared by custodian {custodian.name}: keep one"
                )
    return payees


def _script(address: str, network: str, owner: str) -> bytes:
    try:
        return script_of(address, network)
    except ValueError as error:
        raise RegistryError(f"{owner}: {error}: correct or remove it") from None


def _tags(pools: Sequence[Pool]) -> tuple[Tag, ...]:
    owners: dict[str, tuple[PoolSlug, bool]] = {}
    at_start = {pool.slug for pool in pools if pool.place is Place.START}
    for pool in pools:
        for text in (*pool.tags, *pool.plain_tags):
            other, _ = owners.setdefault(text, (pool.slug, text in pool.plain_tags))
            if other != pool.slug:
                raise RegistryError(f"tag {text!r} belongs to two pools, {other} and {pool.slug}: keep one")
    within = _within_others(owners)
    found = []
    for text, (slug, plain) in sorted(owners.items()):
        generic = plain or (text in within and not _is_whole(text))
        found.append(Tag(slug, text.encode(), printable(text), generic=generic, at_start=slug in at_start))
    return tuple(found)


def _within_others(owners: Mapping[str, tuple[PoolSlug, bool]]) -> set[str]:
    """The tags that are part of a tag of another pool."""
    texts = list(owners)
    automaton = AhoCorasick(texts)
    return {
        texts[at]
        for longer, (owner, _) in owners.items()
        for at, _, _ in automaton.find_matches_as_indexes(longer, overlapping=True)
        if owners[texts[at]][0] != owner
    }


def _is_whole(text: str) -> bool:
    """Whether it is a complete signature, as `/ViaBTC/` is, though `/ViaBTC/TATMAS Pool/` holds it."""
    return text.startswith("/") and text.endswith("/")
