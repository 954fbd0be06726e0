"""Shares and indices of a file of blocks."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich import box
from rich.bar import Bar
from rich.console import Group
from rich.table import Table
from rich.text import Text

from monitor.analysis import BlockTable, concentrate, estimate
from monitor.errors import ConfigError
from monitor.model import Concentration, Estimate, Indices, Likely, Window
from monitor.processing.block_file import read
from monitor.processing.levels import levels
from monitor.registry.loading import load_registry

_INDICES = {
    "hhi": ("HHI", ",.0f"),
    "hhi_unbiased": ("HHI, unbiased", ",.0f"),
    "nakamoto": ("Nakamoto coefficient", "d"),
    "effective_entities": ("Effective entities", ".2f"),
    "entropy_bits": ("Entropy, bits", ".3f"),
    "gini": ("Gini", ".3f"),
    "theil": ("Theil, nats", ".3f"),
}
"""Title and number format of each index in the table."""
_INTERVALS = {"hhi_unbiased": "hhi", "nakamoto": "nakamoto"}
"""Indices with an interval, and the name of its estimate."""


def measure(file: Path, *, level: str, window: Window | None) -> Concentration:
    """The concentration of the blocks in a CSV or Parquet file with the columns height, time and pool.

    Args:
        file: rows in any order; an empty pool or "unknown" is an unknown miner.
        level: name of the level.
        window: the newest blocks to count; None for all.

    Raises:
        InputError: the file is invalid.
        ConfigError: the level is unknown.
    """
    known = levels(load_registry())
    chosen = [one for one in known if one.name == level]
    if not chosen:
        names = ", ".join(one.name for one in known)
        raise ConfigError(f"unknown level {level!r}", remedy=f"choose one of: {names}")
    ledger = BlockTable.of(read(file), chosen)
    (found,) = concentrate(ledger, [window or Window("all", blocks=len(ledger))])
    return found


def as_json(found: Concentration) -> str:
    """JSON for scripts; a public format, see docs/glossary.md."""
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
    """Intervals of the indices; None for a single block."""
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
    """Estimates that depend on the counts only."""
    return estimate(found, seed=(found.blocks, found.unknown))


def as_table(found: Concentration) -> Group:
    """Tables of shares and indices with their intervals."""
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
            Text(one.entity),  # names from a file may contain markup
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
    assert found.split is not None  # a file without blocks is rejected when it is read
    assert found.merged is not None
    return found.split, found.merged
