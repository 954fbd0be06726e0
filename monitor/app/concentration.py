"""The indices over a file of blocks: read it, count it, show it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

from rich import box
from rich.bar import Bar
from rich.console import Group
from rich.table import Table
from rich.text import Text

from monitor.analysis import Ledger, concentrate, estimate
from monitor.app import csv_blocks
from monitor.app.registry import levels, load_knowledge
from monitor.errors import ConfigError, InputError
from monitor.model import BlockRow, Concentration, Estimate, Indices, Likely, PoolSlug, Window

_NUMBERS = {"height": ("a block height", 2**31 - 1), "time": ("a header time in unix seconds", 2**32 - 1)}
"""Columns of whole numbers: what they are, and the largest there can be."""
_COLUMNS = (*_NUMBERS, "pool")
_INDICES = {
    "hhi": ("HHI", ",.0f"),
    "hhi_unbiased": ("HHI, unbiased", ",.0f"),
    "nakamoto": ("Nakamoto coefficient", "d"),
    "effective_entities": ("Effective entities", ".2f"),
    "entropy_bits": ("Entropy, bits", ".3f"),
    "gini": ("Gini", ".3f"),
    "theil": ("Theil, nats", ".3f"),
}
"""How the indices are written for people."""
_INTERVALS = {"hhi_unbiased": "hhi", "nakamoto": "nakamoto"}
"""Below which index the interval of which estimate stands."""


def measure(file: Path, *, level: str, window: Window | None) -> Concentration:
    """The concentration of the blocks in a CSV or Parquet file with the columns height, time and pool.

    Args:
        file: its rows may come in any order; a pool that is empty or "unknown" is unknown.
        level: at which to count.
        window: which blocks to count, back from the highest; None for all of them.

    Raises:
        InputError: the file cannot be read as such.
        ConfigError: there is no such level.
    """
    known = levels(load_knowledge())
    chosen = [one for one in known if one.name == level]
    if not chosen:
        names = ", ".join(one.name for one in known)
        raise ConfigError(f"there is no level {level!r} to count at: choose from {names}")
    ledger = Ledger.of(read(file), chosen)
    (found,) = concentrate(ledger, [window or Window("all", blocks=len(ledger))])
    return found


def as_json(found: Concentration) -> str:
    """What scripts read: docs/glossary.md has the words, and the shape is a contract."""
    split, merged = (indices._asdict() for indices in _both(found))
    top = {str(n): {"split": share, "merged": merged["top_share"][n]} for n, share in split["top_share"].items()}
    written = {
        "blocks": found.blocks,
        "unknown": found.unknown,
        "indices": {name: {"split": split[name], "merged": merged[name]} for name in split} | {"top_share": top},
        "shares": {
            one.entity: {"blocks": one.blocks, "share": one.share, "lower": one.lower, "upper": one.upper}
            for one in found.shares
        },
        "intervals": _intervals(_estimated(found)),
    }
    return json.dumps(written, indent=2, ensure_ascii=False)


def _intervals(estimated: Estimate) -> dict[str, Any] | None:
    """How sure the indices are; None of a single block."""
    both: dict[str, Likely | None] = {"split": estimated.split, "merged": estimated.merged}
    known = {reading: likely for reading, likely in both.items() if likely}
    if not known:
        return None
    return {
        "hhi": {reading: asdict(likely.hhi) for reading, likely in known.items()},
        "nakamoto": {
            reading: asdict(likely.nakamoto)
            | {"probability": {str(number): chance for number, chance in likely.nakamoto_probability.items()}}
            for reading, likely in known.items()
        },
    }


def _estimated(found: Concentration) -> Estimate:
    """The same for the same counts."""
    return estimate(found, seed=(found.blocks, found.unknown))


def as_table(found: Concentration) -> Group:
    """What people read: who has which share and how sure that is, then the indices."""
    return Group(_share_table(found), _index_table(found))


def _share_table(found: Concentration) -> Table:
    noun = "block" if found.blocks == 1 else "blocks"
    table = Table(
        title=f"{found.blocks:,} {noun} by {found.level}, {found.unknown:,} of them unknown",
        title_style="bold",
        box=box.SIMPLE_HEAD,
    )
    table.add_column(found.level.capitalize(), overflow="fold")
    table.add_column("Blocks", justify="right")
    table.add_column("Share", justify="right")
    table.add_column("95 % interval", justify="right", no_wrap=True)
    table.add_column(width=20)
    longest = max((one.upper for one in found.shares), default=1.0)
    for one in found.shares:
        table.add_row(
            Text(one.entity),  # a name from a file: no markup
            f"{one.blocks:,}",
            f"{one.share:.1%}",
            f"{one.lower:.1%} to {one.upper:.1%}",
            Bar(longest, one.lower, one.upper, color="cyan"),
        )
    if found.unknown:
        table.add_row("unknown", f"{found.unknown:,}", f"{found.unknown / found.blocks:.1%}", style="dim")
    return table


def _index_table(found: Concentration) -> Table:
    split, merged = _both(found)
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Index")
    table.add_column("unknown split", justify="right")
    table.add_column("unknown merged", justify="right")
    estimated = _estimated(found)
    for name, (title, form) in _INDICES.items():
        table.add_row(title, *(_written(getattr(indices, name), form) for indices in (split, merged)))
        if name in _INTERVALS and estimated.split and estimated.merged:
            ends = [getattr(likely, _INTERVALS[name]) for likely in (estimated.split, estimated.merged)]
            table.add_row("  95 % interval", *(f"{end.lower:,.0f} to {end.upper:,.0f}" for end in ends), style="dim")
    for n, share in split.top_share.items():
        table.add_row(f"Largest {n}" if n > 1 else "Largest", f"{share:.1%}", f"{merged.top_share[n]:.1%}")
    return table


def _written(number: float | None, form: str) -> str:
    return "-" if number is None else format(number, form)


def _both(found: Concentration) -> tuple[Indices, Indices]:
    assert found.split is not None  # a file without blocks is refused when it is read
    assert found.merged is not None
    return found.split, found.merged


def read(file: Path) -> list[BlockRow]:
    """The rows of a file, lowest block first.

    Raises:
        InputError: the file cannot be read as such.
        ExtraMissing: it is Parquet, and the extra `parquet` is not installed.
    """
    blocks = []
    for row, (height, time, pool) in enumerate(_rows(file), start=1):
        where = f"{file}, row {row}"
        # A file says nothing of the work, and no index asks for it.
        blocks.append(
            BlockRow(_number("height", height, where), _number("time", time, where), bits=0, pool=_pool(pool))
        )
    if not blocks:
        raise InputError(f"{file} has no blocks: it needs a row for each, under height, time and pool")
    blocks.sort(key=lambda block: block.height)
    for below, above in pairwise(blocks):
        if below.height == above.height:
            raise InputError(f"{file} has block {above.height} twice: keep the one that is on the best chain")
    return blocks


def _rows(file: Path) -> Iterator[tuple[object, ...]]:
    try:
        with file.open("rb") as opened:
            head = opened.read(4)
    except FileNotFoundError:
        raise InputError(f"there is no file {file}") from None
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror or error}") from None
    if not head:
        raise InputError(f"{file} is empty: it needs a row for each block, under height, time and pool")
    if head != b"PAR1":
        return csv_blocks.rows(file, _COLUMNS)
    from monitor.app import parquet_blocks  # noqa: PLC0415 -- an extra

    return parquet_blocks.rows(file, _COLUMNS)


def _number(name: str, value: object, where: str) -> int:
    meaning, largest = _NUMBERS[name]
    try:
        number = int(str(value))
    except ValueError:
        number = -1
    if not 0 <= number <= largest:
        given = "empty" if value in (None, "") else repr(value)
        raise InputError(f"{where}: {name} is {given}, which is not {meaning}")
    return number


def _pool(value: object) -> PoolSlug | None:
    name = "" if value is None else str(value).strip()
    return PoolSlug(name) if name and name.casefold() != "unknown" else None
