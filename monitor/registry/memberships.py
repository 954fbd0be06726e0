"""Dated memberships of pools: template group, operator, and the operator's country.

Every row is dated and says how sure it is. A block counts with the rows that held at its own time: today's groups
applied to history would find a concentration that did not exist yet.
"""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from enum import IntEnum
from hashlib import sha256
from itertools import pairwise
from typing import Any, Final

from monitor.errors import RegistryError
from monitor.model import PoolSlug
from monitor.registry.document import located

ASPECTS: Final = ("template", "operator", "country")
"""What a row may say of a pool."""
OWN: Final = "own"
"""As a value: the pool belongs to no group. In an override it removes a pool from a group."""
_ALWAYS: Final = -(2**62)
_KEYS = ("pool", *ASPECTS, "since", "until", "confidence", "source", "note")


class Confidence(IntEnum):
    """How sure a row is."""

    LOW = 1
    """An assumption, or a single report."""
    MEDIUM = 2
    """Reported or measured once."""
    HIGH = 3
    """Documented, or measured by several."""
    USER = 4
    """The user says so: outranks what comes with the program."""


@dataclass(frozen=True, slots=True)
class Membership:
    """What one source says of one pool, for a time."""

    pool: PoolSlug
    confidence: Confidence
    source: str
    template: str | None = None
    """The group that builds the pool's block templates."""
    operator: str | None = None
    """The company behind the pool."""
    country: str | None = None
    """Where the operator is at home, as two letters (ISO 3166-1). Not where the machines are."""
    since: date | None = None
    """The first day (UTC); None: from the beginning."""
    until: date | None = None
    """The first day on which it no longer holds; None: until today."""
    note: str = ""


class Memberships:
    """The rows, arranged for asking: each aspect of each pool as spans of time that do not overlap.

    Args:
        rows: in any order. Where rows of one aspect overlap, the surer one counts.
        min_confidence: rows that are less sure are left out.

    Raises:
        RegistryError: two rows that are equally sure contradict each other.
    """

    def __init__(self, rows: Iterable[Membership] = (), *, min_confidence: Confidence = Confidence.MEDIUM) -> None:
        self.rows = tuple(sorted(rows, key=lambda row: tuple(map(str, asdict(row).values()))))
        self.min_confidence = min_confidence
        taken = [row for row in self.rows if row.confidence >= min_confidence]
        self._spans: dict[str, dict[PoolSlug, _Spans]] = {
            aspect: {pool: _spans(pool, aspect, taken) for pool in {row.pool for row in taken if getattr(row, aspect)}}
            for aspect in ASPECTS
        }

    @property
    def hash(self) -> str:
        """16 hex digits over what counts."""
        text = repr([(asdict(row), row.confidence) for row in self.rows if row.confidence >= self.min_confidence])
        return sha256(text.encode()).hexdigest()[:16]

    def of(self, aspect: str, pool: PoolSlug, time: int) -> str | None:
        """What held of a pool at a time (Unix seconds); None where no row is sure enough, or it is its own."""
        spans = self._spans[aspect].get(pool)
        value = spans.at(time) if spans else None
        return None if value == OWN else value

    def turns(self, aspect: str) -> list[int]:
        """When (Unix seconds) it changes for any pool, in order."""
        return sorted({start for spans in self._spans[aspect].values() for start in spans.starts if start != _ALWAYS})

    def at(self, pool: PoolSlug, time: int) -> Mapping[str, str | None]:
        """All aspects of a pool at a time."""
        return {aspect: self.of(aspect, pool, time) for aspect in ASPECTS}


def parse(text: str, *, origin: str = "the memberships") -> list[Membership]:
    """Read rows from TOML: an array `membership` of tables, see config/pools/README.md.

    Raises:
        RegistryError: it cannot be used, with the place and the remedy.
    """
    with located(origin):
        document = tomllib.loads(text)
        if unknown := set(document) - {"membership"}:
            raise RegistryError(f"unknown key {min(unknown)!r}: write [[membership]]")
        return listed(document.get("membership", []), "membership")


def listed(entries: object, where: str, *, confidence: Confidence | None = None) -> list[Membership]:
    """Rows, checked. `confidence` is what one gets that does not say.

    Raises:
        RegistryError: one is not as it must be.
    """
    if not isinstance(entries, list | tuple) or not all(isinstance(entry, dict) for entry in entries):
        raise RegistryError(f"{where} must be an array of tables: write [[{where}]]")
    return [_row(entry, f"{where}[{at}]", confidence) for at, entry in enumerate(entries)]


def _row(entry: Mapping[str, Any], where: str, confidence: Confidence | None) -> Membership:
    if unknown := sorted(set(entry) - set(_KEYS)):
        raise RegistryError(f"{where}: unknown key {unknown[0]!r}: remove it, or write one of {', '.join(_KEYS)}")
    for key in ("pool", *ASPECTS, "source", "note"):
        if key in entry and not (isinstance(entry[key], str) and entry[key].isprintable() and len(entry[key]) < 1000):
            raise RegistryError(f"{where}: {key} must be a printable text: correct it")
    if not entry.get("pool"):
        raise RegistryError(f"{where}: pool is missing: write the pool's slug")
    if not any(entry.get(aspect) for aspect in ASPECTS):
        raise RegistryError(f"{where}: says nothing: write {', '.join(ASPECTS)} or several of them")
    country = entry.get("country")
    if country not in {None, OWN} and not (len(country) == 2 and country.isalpha() and country.isupper()):
        raise RegistryError(f"{where}: country {country!r} must be two capital letters, as in CH: correct it")
    for key in ("since", "until"):
        if key in entry and (not isinstance(entry[key], date) or isinstance(entry[key], datetime)):
            raise RegistryError(f"{where}: {key} must be a date, as in 2024-04-17, without quotes: correct it")
    since, until = entry.get("since"), entry.get("until")
    if since and until and since >= until:
        raise RegistryError(f"{where}: since {since} is not before until {until}: correct them")
    named = entry.get("confidence")
    sure = confidence if named is None else {level.name.lower(): level for level in Confidence}.get(str(named))
    if sure is None:
        raise RegistryError(f"{where}: confidence must be low, medium or high: add or correct it")
    return Membership(
        PoolSlug(entry["pool"]), sure, entry.get("source", ""),
        template=entry.get("template"), operator=entry.get("operator"), country=country,
        since=since, until=until, note=entry.get("note", ""),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Spans:
    """A value that changes with time: from `starts[i]` on it is `values[i]`."""

    starts: Sequence[int]
    values: Sequence[str | None]

    def at(self, time: int) -> str | None:
        return self.values[bisect_right(self.starts, time) - 1]


def _spans(pool: PoolSlug, aspect: str, rows: Sequence[Membership]) -> _Spans:
    """The surest row at every time. `rows` are ordered, so that their order never matters."""
    saying = [row for row in rows if row.pool == pool and getattr(row, aspect)]
    edges = sorted({_ALWAYS} | {_seconds(day) for row in saying for day in (row.since, row.until) if day})
    values: list[str | None] = []
    for edge in edges:
        holding = [row for row in saying if _holds(row, edge)]
        best = max((row.confidence for row in holding), default=None)
        said = {getattr(row, aspect) for row in holding if row.confidence == best}
        if len(said) > 1:
            raise RegistryError(
                f"{pool}: its {aspect} is {' and '.join(sorted(said))} at the same time, and both rows are equally "
                "sure: date them, or let one be surer"
            )
        values.append(said.pop() if said else None)
    kept = [0] + [at + 1 for at, (before, after) in enumerate(pairwise(values)) if before != after]
    return _Spans([edges[at] for at in kept], [values[at] for at in kept])


def _holds(row: Membership, time: int) -> bool:
    return (row.since is None or _seconds(row.since) <= time) and (row.until is None or time < _seconds(row.until))


def _seconds(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())
