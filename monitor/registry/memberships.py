"""Dated memberships of pools: template group, operator, its registered country, country of origin, custodian.

Every row has dates and a confidence. A block counts with the rows that held at its own time: today's groups applied to
history would show a concentration that did not exist yet.

Evidence ages. A row that says when its template group was last seen is one grade less sure a year later. The row is cut
in two at that day, so the block's own time decides, and no clock is read.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from datetime import date, datetime, timedelta
from enum import IntEnum
from hashlib import sha256
from itertools import pairwise
from operator import attrgetter
from typing import Any, Final

from monitor.documents import parse_toml
from monitor.errors import RegistryError
from monitor.model import PoolSlug, beginning
from monitor.registry.document import located

ASPECTS: Final = ("template", "operator", "origin", "country", "custodian")
"""What a row may state about a pool."""
OWN: Final = "own"
"""As a value: the pool belongs to no group. In an override it removes a pool from a group."""
FRESH: Final = timedelta(days=365)
"""How long evidence of a template group counts in full."""
_COUNTRIES: Final = ("origin", "country")
_ALWAYS: Final = -(2**62)
_DATES: Final = ("since", "until", "evidence")
_KEYS = ("pool", *ASPECTS, *_DATES, "confidence", "source", "note")


class Confidence(IntEnum):
    """How sure a row is."""

    LOW = 1
    """An assumption, or a single report."""
    MEDIUM = 2
    """Reported or measured once."""
    HIGH = 3
    """Documented, or measured by several."""
    USER = 4
    """The user's own row: outranks the shipped ones, and does not age."""


@dataclass(frozen=True, slots=True)
class Membership:
    """A dated statement of one source about one pool."""

    pool: PoolSlug
    confidence: Confidence
    source: str
    template: str | None = None
    """The group that builds the pool's block templates."""
    operator: str | None = None
    """The company behind the pool."""
    origin: str | None = None
    """The country where the brand was founded, as two letters (ISO 3166-1)."""
    country: str | None = None
    """The country where the operator is registered, as two letters (ISO 3166-1). Not where the machines are."""
    custodian: str | None = None
    """Who holds the pool's rewards."""
    since: date | None = None
    """The first day (UTC); None: from the beginning."""
    until: date | None = None
    """The first day on which it no longer holds; None: until today."""
    evidence: date | None = None
    """The newest day on which the template group was seen; None: the row does not age."""
    note: str = ""
    aged: bool = False
    """Whether this is the later part of a row, a grade less sure than stated because its evidence is old."""

    @property
    def ages(self) -> date | None:
        """The day from which it is one grade less sure; None if it ends before, or does not age."""
        if self.evidence is None or self.aged or self.confidence is Confidence.USER:
            return None
        day = self.evidence + FRESH
        return day if self.until is None or day < self.until else None

    @property
    def parts(self) -> tuple[Membership, ...]:
        """The row as it counts: whole, or cut in two on the day from which it is less sure."""
        day = self.ages
        if day is None:
            return (self,)
        later = replace(
            self,
            since=day,
            confidence=Confidence(max(Confidence.LOW, self.confidence - 1)),
            note=f"Not seen since {self.evidence}: less sure from {day} on. {self.note}".strip(),
            aged=True,
        )
        return replace(self, until=day), later


_values = attrgetter(*(each.name for each in fields(Membership)))
"""All that a row states, without the copies that `dataclasses.asdict` makes."""


class Memberships:
    """The rows, arranged for queries: each aspect of each pool as spans of time that do not overlap.

    Args:
        rows: in any order. Where rows of one aspect overlap, the surer one counts; where two rows of low confidence
            contradict each other, neither does.
        min_confidence: rows that are less sure are left out.

    Raises:
        RegistryError: two rows that are equally sure, and more than low, contradict each other.
    """

    def __init__(self, rows: Iterable[Membership] = (), *, min_confidence: Confidence = Confidence.MEDIUM) -> None:
        self.stated = tuple(sorted(rows, key=lambda row: tuple(map(str, _values(row)))))
        """As the files have them."""
        self.rows = tuple(part for row in self.stated for part in row.parts)
        """As they count: a row whose evidence is old is two."""
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
        """The value for a pool at a time (Unix seconds); None where no row is sure enough, or it is its own."""
        spans = self._spans[aspect].get(pool)
        value = spans.at(time) if spans else None
        return None if value == OWN else value

    def turns(self, aspect: str) -> list[int]:
        """The times (Unix seconds) at which it changes for any pool, ascending."""
        return sorted({start for spans in self._spans[aspect].values() for start in spans.starts if start != _ALWAYS})

    def states(self, aspect: str) -> bool:
        """Whether any row says something, counted or not."""
        return any(getattr(row, aspect) for row in self.stated)

    def at(self, pool: PoolSlug, time: int) -> Mapping[str, str | None]:
        """All aspects of a pool at a time."""
        return {aspect: self.of(aspect, pool, time) for aspect in ASPECTS}


def parse(text: str, *, origin: str = "the memberships") -> list[Membership]:
    """Read rows from TOML: an array `membership` of tables, see config/pools/README.md.

    Raises:
        RegistryError: it cannot be used, with the place and the remedy.
    """
    with located(origin):
        document = parse_toml(text)
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
    for key in _COUNTRIES:
        value = entry.get(key)
        if value not in {None, OWN} and not (len(value) == 2 and value.isalpha() and value.isupper()):
            raise RegistryError(f"{where}: {key} {value!r} must be two capital letters, as in CH: correct it")
    _check_dates(entry, where)
    named = entry.get("confidence")
    sure = confidence if named is None else {level.name.lower(): level for level in Confidence}.get(str(named))
    if sure is None:
        raise RegistryError(f"{where}: confidence must be low, medium or high: add or correct it")
    values = {key: entry[key] for key in (*ASPECTS, *_DATES, "note") if key in entry}
    return Membership(PoolSlug(entry["pool"]), sure, entry.get("source", ""), **values)


def _check_dates(entry: Mapping[str, Any], where: str) -> None:
    for key in _DATES:
        if key in entry and (not isinstance(entry[key], date) or isinstance(entry[key], datetime)):
            raise RegistryError(f"{where}: {key} must be a date, as in 2024-04-17, without quotes: correct it")
    since, until, evidence = (entry.get(key) for key in _DATES)
    if since and until and since >= until:
        raise RegistryError(f"{where}: since {since} is not before until {until}: correct them")
    if evidence and {aspect for aspect in ASPECTS if entry.get(aspect)} != {"template"}:
        raise RegistryError(f"{where}: evidence is for a row that states a template alone: split the row")
    if evidence and since and evidence < since:
        raise RegistryError(f"{where}: evidence {evidence} is before since {since}: correct them")


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
    edges = sorted({_ALWAYS} | {beginning(day) for row in saying for day in (row.since, row.until) if day})
    values: list[str | None] = []
    for edge in edges:
        holding = [row for row in saying if _holds(row, edge)]
        best = max((row.confidence for row in holding), default=None)
        said = {getattr(row, aspect) for row in holding if row.confidence == best}
        if len(said) > 1 and best != Confidence.LOW:
            raise RegistryError(
                f"{pool}: its {aspect} is {' and '.join(sorted(said))} at the same time, and both rows are equally "
                "sure: date them, or let one be surer"
            )
        values.append(said.pop() if len(said) == 1 else None)
    kept = [0] + [at + 1 for at, (before, after) in enumerate(pairwise(values)) if before != after]
    return _Spans([edges[at] for at in kept], [values[at] for at in kept])


def _holds(row: Membership, time: int) -> bool:
    return (row.since is None or beginning(row.since) <= time) and (row.until is None or time < beginning(row.until))
