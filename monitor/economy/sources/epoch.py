"""Epoch AI, data on AI chip owners: H100 equivalents owned at the end of each quarter, with percentiles.

A row is what one owner has of one designer's chips, so the same rows give two layers. The columns have had three sets
of names: as first published, in the schema of 2026-09-24, and that schema's own names.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final, TypeAlias

from monitor.economy.entities import Weight, added, name_key, one_spelling
from monitor.economy.sources import tables
from monitor.economy.sources.source import Download
from monitor.errors import InputError
from monitor.model import UNATTRIBUTED, Layer, Observation

_Rows: TypeAlias = dict[tuple[str, str], Weight]
"""The weights of one quarter, by owner and designer."""
_COLUMNS: Final = {
    "end": ("End date", "end_date"),
    "owner": ("Owner",),
    "designer": ("Designer", "Chip manufacturer"),
    "median": ("H100e (median)", "Compute estimate in H100e (median)", "h100e_med"),
    "low": ("H100e (5th percentile)", "h100e_p5"),
    "high": ("H100e (95th percentile)", "h100e_p95"),
    "incomplete": ("Incomplete", ""),
}
_MEMBERS: Final = (
    "owners_cumulative_by_designer.csv", "cumulative_by_designer.csv", "ai_chip_owners_cumulative_by_designer.csv",
)  # fmt: skip
_INCOMPLETE: Final = {"checked", "true", "yes", "1"}
_COMPLETE: Final = {"", "false", "no", "0", "unchecked"}
_REST: Final = "other"
_HIDDEN: Final = "china (smuggled)"
"""Left out of both layers: the publisher hides it by default, and its interval spans a factor of five."""
_LEAST_OWNERS, _MOST_OWNERS = 3, 50
_MOST_QUARTERS: Final = 60
"""Both are several times what the table has, and keep a measurement at half a minute at most."""
_LEAST_PUBLISHED: Final = 0.5
"""The share of a quarter's weight that has percentiles: with less, its errors are not known."""
_MOST_BYTES: Final = 8 * 2**20


@dataclass(frozen=True)
class Epoch:
    """The source."""

    base: str = "https://epoch.ai"

    name: ClassVar[str] = "epoch"
    title: ClassVar[str] = "Epoch AI, Data on AI Chip Owners"
    url: ClassVar[str] = "https://epoch.ai/data/ai-chip-owners"
    licence: ClassVar[str] = "CC BY 4.0"
    files: ClassVar[str] = "the zip file or the CSV table of Epoch AI's chip owners"
    columns: ClassVar[Collection[str]] = [name for spellings in _COLUMNS.values() for name in spellings]
    replaces_all: ClassVar[bool] = True
    every_days: ClassVar[int] = 1

    def attribution(self, as_of: date) -> str:
        """As the publisher asks for it."""
        return f"Epoch AI, “Data on AI Chip Owners”, epoch.ai/data/ai-chip-owners, as of {as_of}. CC BY 4.0."

    def read(self, files: Sequence[bytes], as_of: date) -> list[Observation]:
        """Both layers of all complete quarters. One that has an incomplete row would look more concentrated than it is.

        A quarter is incomplete, too, if it lacks an owner or designer of the quarter before: the table is cumulative.

        Raises:
            InputError: it means something else than the known editions.
        """
        (data,) = files
        if data[:2] == b"PK":
            data = tables.member(data, _MEMBERS, origin=self.title)
        quarters, incomplete, spelling = defaultdict[date, _Rows](dict), set[date](), one_spelling()
        for row in tables.rows(data, _COLUMNS, origin=self.title):
            owner, designer = spelling(row["owner"]), spelling(row["designer"])
            if name_key(owner) == _HIDDEN:
                continue
            end = tables.day(row["end"], origin=self.title)
            if end > as_of:
                raise InputError(
                    f"{self.title} has a quarter that ends on {end}, after the day of the edition, {as_of}"
                )
            if _is_incomplete(row["incomplete"], self.title):
                incomplete.add(end)
            what = f"{self.title}: {owner} with chips of {designer} on {end}"
            if weight := _weight(row, what):
                tables.put_once(quarters[end], (owner, designer), weight, what=what)
            else:
                incomplete.add(end)
        complete = _complete(quarters, incomplete)
        if not complete:
            raise InputError(f"{self.title} has no complete quarter")
        for end, rows in complete.items():
            if (published := _published(rows)) < _LEAST_PUBLISHED:
                raise InputError(
                    f"{self.title} has percentiles for {published:.0%} of the weight on {end}: its errors are not known"
                )
        owners = {owner for rows in complete.values() for owner, _ in rows}
        if not _LEAST_OWNERS <= len(owners) <= _MOST_OWNERS or len(complete) > _MOST_QUARTERS:
            raise InputError(
                f"{self.title} names {len(owners)} owners in {len(complete)} quarters, which is not the known table"
            )
        return [each for end, rows in sorted(complete.items()) for each in _quarter(end, rows)]

    async def fetch(self, download: Download) -> tuple[bytes, ...]:
        """The zip file, or the table alone where there is none.

        Raises:
            InputError, Unchanged: see `Download`.
        """
        try:
            found = await download(f"{self.base}/data/ai_chip_owners.zip", most=_MOST_BYTES)
        except InputError:
            found = await download(f"{self.base}/data/{_MEMBERS[-1]}", most=_MOST_BYTES)
        return (found.body,)


def _weight(row: Mapping[str, str], what: str) -> Weight | None:
    """The estimate of a row; None without one."""
    median, low, high = (tables.number(row[each], origin=what) for each in ("median", "low", "high"))
    if median is None:
        return None
    if (low is None) != (high is None):
        raise InputError(f"{what} has only one percentile")
    if low is not None and high is not None and not low <= median <= high:
        raise InputError(f"{what} has a median of {median:g}, which is not between its percentiles")
    return Weight(median, low, high)


def _complete(quarters: Mapping[date, _Rows], incomplete: Collection[date]) -> dict[date, _Rows]:
    """The quarters in which no row is incomplete, and no owner or designer of the quarter before is missing."""
    found = dict[date, _Rows]()
    owners, designers = set[str](), set[str]()
    for end, rows in sorted(quarters.items()):
        now = {owner for owner, _ in rows}, {designer for _, designer in rows}
        if end in incomplete or not (owners <= now[0] and designers <= now[1]):
            continue
        owners, designers = now
        found[end] = rows
    return found


def _published(rows: _Rows) -> float:
    """The share of the weight that has percentiles."""
    total = sum(each.value for each in rows.values())
    return sum(each.value for each in rows.values() if each.low is not None) / total if total else 0.0


def _is_incomplete(flag: str, origin: str) -> bool:
    if flag.casefold() not in _INCOMPLETE | _COMPLETE:
        raise InputError(f"{origin}: {flag[:40]!r} in the column Incomplete is neither yes nor no")
    return flag.casefold() in _INCOMPLETE


def _quarter(end: date, rows: _Rows) -> list[Observation]:
    owners, designers = defaultdict[str, list[Weight]](list), defaultdict[str, list[Weight]](list)
    for (owner, designer), weight in rows.items():
        owners[UNATTRIBUTED if name_key(owner) == _REST else owner].append(weight)
        designers[designer].append(weight)
    return [
        Observation(layer, end, name, *added(weights))
        for layer, sums in ((Layer.DESIGNER, designers), (Layer.OWNERSHIP, owners))
        for name, weights in sums.items()
    ]
