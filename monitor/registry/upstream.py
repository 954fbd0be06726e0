"""A list of pools as others publish it, read and checked.

mempool/mining-pools and bitcoin-data/mining-pools both publish an array of objects `id, name, addresses, tags, link`. A
key that we do not know is left out with a note, so that a list may grow; a value of another type is refused, because
then the list means something else than we think.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from monitor.errors import RegistryError
from monitor.model import PoolSlug
from monitor.registry.document import MAX_MARKS, is_link
from monitor.registry.pool import slug_of

_KNOWN = {"id", "name", "addresses", "tags", "link"}
_MAX_POOLS = 10_000
_MAX_LETTERS = 300
"""In a name or link. Both bounds are far beyond any list seen."""


@dataclass(frozen=True, slots=True)
class Listed:
    """What a list says of one pool."""

    name: str
    addresses: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    link: str = ""

    @property
    def slug(self) -> PoolSlug:
        """Its slug, were the list alone in the world."""
        return slug_of(self.name)


@dataclass(frozen=True, slots=True)
class PoolList:
    """One list."""

    source: str
    """Publisher: `mempool` or `bitcoin-data`."""
    pools: tuple[Listed, ...]
    """In the list's own order, which those who publish it let decide."""
    notes: tuple[str, ...] = ()
    """What in it was left out."""


def read(document: object, source: str, *, origin: str | None = None) -> PoolList:
    """Check a list, read from JSON; `source` is its publisher, and `origin` where it is from, for messages.

    Raises:
        RegistryError: it is not a list of pools, with the place.
    """
    where = origin or f"list {source}"
    if not isinstance(document, list) or not 0 < len(document) <= _MAX_POOLS:
        raise RegistryError(f"{where}: it must be an array of 1 to {_MAX_POOLS} pools")
    pools = tuple(_listed(entry, f"{where}[{at}]") for at, entry in enumerate(document))
    unknown = sorted({str(key) for entry in document for key in entry} - _KNOWN)
    notes = (f"{where}: left out what is under {', '.join(map(repr, unknown))}",) if unknown else ()
    return PoolList(source, pools, notes)


def _listed(entry: object, where: str) -> Listed:
    if not isinstance(entry, dict):
        raise RegistryError(f"{where}: a pool must be an object")
    name = _text(entry, "name", where)
    if not slug_of(name):
        raise RegistryError(f"{where}: the name {name!r} has no letter a-z and no digit, so no slug can be made of it")
    where = f"{where} {slug_of(name)}"
    link = entry.get("link")
    link = link if link is None or link == "" else _text(entry, "link", where)
    return Listed(
        name,
        _texts(entry, "addresses", where),
        _texts(entry, "tags", where),
        link=link if link and is_link(link) else "",
    )


def _text(entry: dict[str, Any], key: str, where: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_LETTERS or not value.isprintable():
        raise RegistryError(f"{where}: {key} must be a printable text of 1 to {_MAX_LETTERS} letters")
    return value


def _texts(entry: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    values = entry.get(key)
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise RegistryError(f"{where}: {key} must be an array of texts")
    if len(values) > MAX_MARKS:
        raise RegistryError(f"{where}: {len(values)} {key} are more than a pool has")
    return tuple(dict.fromkeys(values))
