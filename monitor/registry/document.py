"""The registry's TOML, checked key by key: a typo is an error with its place, never a missing pool."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from monitor.documents import TomlError
from monitor.errors import RegistryError
from monitor.model import PoolSlug
from monitor.registry.address import NETWORKS
from monitor.registry.pool import Custodian, Kind, Place, Pool

_MAX_TAG_BYTES = 100
"""No coinbase script is longer."""
MAX_MARKS = 1000
"""Addresses or tags of one pool: thirty times as many as any has."""
_OTHER_SCHEME = re.compile(r"(?!https?://)[\s\0-\x20]*[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_KINDS, _PLACES = frozenset(Kind), frozenset(Place)


def section(document: dict[str, Any], network: str) -> tuple[list[Pool], list[Custodian]]:
    """The pools and custodians that count on `network`.

    Tags are texts and hold on every network; addresses hold on their own. So a test network starts from the tags of
    `main`, and its own section adds to them or replaces a pool of the same slug.

    Raises:
        RegistryError: something in `document` is not as it must be.
    """
    _only(document, NETWORKS, "the top level")
    pools, custodians = _listed(document, network)
    if network != "main":
        own = {pool.slug for pool in pools}
        pools += [replace(pool, addresses=()) for pool in _listed(document, "main")[0] if pool.slug not in own]
    return pools, custodians


@contextmanager
def located(origin: str) -> Iterator[None]:
    """Name the text that an error is about."""
    try:
        yield
    except TomlError as error:
        raise RegistryError(f"{origin} is not valid TOML: {error}: correct it") from None
    except RegistryError as error:
        raise RegistryError(f"{origin}: {error}") from None


def overlay(pools: Iterable[Pool], own: Iterable[Pool], custodians: Iterable[Custodian]) -> list[Pool]:
    """`pools` under the user's `own`: without those of the same slug, and without what the user gives to others."""
    own = list(own)
    slugs = {pool.slug for pool in own}
    addresses = {address for pool in own for address in pool.addresses}
    addresses |= {address for custodian in custodians for address in custodian.addresses}
    tags = {tag for pool in own for tag in (*pool.tags, *pool.plain_tags)}
    kept = [
        replace(
            pool,
            addresses=tuple(address for address in pool.addresses if address not in addresses),
            tags=tuple(tag for tag in pool.tags if tag not in tags),
            plain_tags=tuple(tag for tag in pool.plain_tags if tag not in tags),
        )
        for pool in pools
        if pool.slug not in slugs
    ]
    return kept + own


def _listed(document: dict[str, Any], network: str) -> tuple[list[Pool], list[Custodian]]:
    table = document.get(network, {})
    if not isinstance(table, dict):
        raise RegistryError(f"{network} must be a table: write [[{network}.pool]]")
    _only(table, ("pool", "custodian"), network)
    pools = [_pool(entry, where) for entry, where in _entries(table, "pool", network)]
    custodians = [_custodian(entry, where) for entry, where in _entries(table, "custodian", network)]
    return pools, custodians


def _entries(table: dict[str, Any], key: str, network: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Each entry, and its place for error messages."""
    entries = table.get(key, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise RegistryError(f"{network}.{key} must be an array of tables: write [[{network}.{key}]]")
    for at, entry in enumerate(entries):
        yield entry, f"{network}.{key}[{at}] {entry.get('slug') or entry.get('name') or ''}".rstrip()


def _pool(entry: dict[str, Any], where: str) -> Pool:
    _only(entry, ("slug", "name", "kind", "link", "addresses", "tags", "plain_tags", "place", "sources"), where)
    slug = _text(entry, "slug", where)
    if not re.fullmatch(r"[a-z0-9]{1,64}", slug):
        raise RegistryError(f"{where}: slug {slug!r} may hold only a-z and 0-9: correct it")
    kind = _text(entry, "kind", where, default=Kind.POOL)
    if kind not in _KINDS:
        raise RegistryError(f"{where}: kind {kind!r} is none of {', '.join(Kind)}: correct it")
    place = _text(entry, "place", where, default=Place.ANYWHERE)
    if place not in _PLACES:
        raise RegistryError(f"{where}: place {place!r} is none of {', '.join(Place)}: correct it")
    pool = Pool(
        slug=PoolSlug(slug),
        name=_text(entry, "name", where),
        kind=Kind(kind),
        link=_text(entry, "link", where, default=""),
        addresses=_texts(entry, "addresses", where),
        tags=_texts(entry, "tags", where),
        plain_tags=_texts(entry, "plain_tags", where),
        place=Place(place),
        sources=_texts(entry, "sources", where),
    )
    if pool.link and not is_link(pool.link):
        raise RegistryError(f"{where}: link {pool.link!r} must begin with https:// or http://: correct it")
    for tag in (*pool.tags, *pool.plain_tags):
        if not 3 <= len(tag.encode()) <= _MAX_TAG_BYTES or "\0" in tag:
            raise RegistryError(f"{where}: tag {tag!r} must be 3 to {_MAX_TAG_BYTES} bytes without NUL: correct it")
    return pool


def is_link(text: str) -> bool:
    """Whether a text may be a link, with https:// or http:// or without a scheme: others could run scripts."""
    return not _OTHER_SCHEME.match(text)


def _custodian(entry: dict[str, Any], where: str) -> Custodian:
    _only(entry, ("name", "addresses"), where)
    return Custodian(_text(entry, "name", where), _texts(entry, "addresses", where))


def _only(table: dict[str, Any], known: Iterable[str], where: str) -> None:
    unknown = sorted(set(table) - set(known))
    if unknown:
        raise RegistryError(f"{where}: unknown key {unknown[0]!r}: remove it, or write one of {', '.join(known)}")


def _text(table: dict[str, Any], key: str, where: str, *, default: str | None = None) -> str:
    value = table.get(key, default)
    if not isinstance(value, str) or not value.isprintable() or (not value and default is None):
        raise RegistryError(f"{where}: {key} must be a printable text: add or correct it")
    return value


def _texts(table: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    values = table.get(key, [])
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise RegistryError(f"{where}: {key} must be a list of texts: correct it")
    if len(values) > MAX_MARKS:
        raise RegistryError(f"{where}: {len(values)} {key} are more than a pool has: remove some")
    for value, count in Counter(values).items():
        if count > 1:
            raise RegistryError(f"{where}: {key} lists {value!r} twice: remove one")
    return tuple(values)
