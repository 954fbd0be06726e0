"""Shares and indices of a file of blocks."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich import box
from rich.bar import Bar
from rich.console import Group
from rich.table import Table
from rich.text import Text

from monitor.analysis import POOL, BlockTable, concentrate, estimate
from monitor.analysis.uncertainty.alternatives import alternatives
from monitor.analysis.uncertainty.combined import combined
from monitor.errors import ConfigError, InputError
from monitor.model import (
    Combined,
    Concentration,
    Estimate,
    IndexIntervals,
    Indices,
    PublishedShare,
    Window,
    published_shares,
)
from monitor.processing.files import BlockFile, FileOptions, read
from monitor.processing.levels import levels
from monitor.processing.uncertain_memberships import questions
from monitor.registry.loading import load_registry
from monitor.registry.names import PoolNames

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
_OF_A_SHARE = ("blocks", "share", "lower", "upper", "sampling_lower", "sampling_upper")
"""What JSON has of each entity."""
_MOST_NAMED = 8
"""Unrecognised names in a note."""


@dataclass(frozen=True)
class Measured:
    """The concentration of a file of blocks, with its intervals."""

    found: Concentration
    sampled: Estimate
    """Intervals of what is counted, by sampling alone."""
    combined: Combined | None
    """The intervals to publish; None for a single block."""
    unrecognised: Mapping[str, int]
    """Blocks of each name that the registry does not have."""
    notes: Sequence[str]
    """What had to be assumed of the file, as sentences."""

    @property
    def shares(self) -> list[PublishedShare]:
        """Largest first; at the end, entities without a block that may have some."""
        return published_shares(self.found, self.combined)


def measure(
    file: Path, *, level: str = POOL.name, window: Window | None = None, options: FileOptions | None = None
) -> Measured:
    """The concentration of the blocks in a file.

    Args:
        file: blocks, or the number or share of blocks of each pool; see docs/how-to/files.md.
        level: name of the level.
        window: the newest blocks to count; None for all.
        options: what the file does not say of itself.

    Raises:
        InputError: the file is invalid.
        ConfigError: the level is unknown.
    """
    registry = load_registry()
    known = levels(registry)
    if level not in {one.name for one in known}:
        names = ", ".join(one.name for one in known)
        raise ConfigError(f"unknown level {level!r}", remedy=f"choose one of: {names}")
    content = read(file, options or FileOptions(), PoolNames(registry.pools))
    if window and window.blocks is None and not content.dated:
        raise InputError(
            f"{file} has no times, so it has no window {window.name}",
            remedy="name their column with --columns time=NAME, or omit --window",
        )
    table = BlockTable.of(content.blocks, [one for one in known if one.name in {POOL.name, level}])
    (found,) = concentrate(table, [window or Window("all", blocks=len(table))], levels=[level])
    sampled = estimate(found, seed=(found.blocks, found.unknown))  # the same for the same counts
    several = list(alternatives(table, [found], questions(registry)))
    together = next(iter(combined(several, [sampled])), None)
    return Measured(found, sampled, together, unrecognised=content.unrecognised, notes=tuple(_notes(content, level)))


def _notes(content: BlockFile, level: str) -> Iterator[str]:
    yield from content.notes
    if not content.dated and level != POOL.name:
        day = datetime.fromtimestamp(content.blocks[-1].time, UTC)
        yield f"the file has no times: memberships are those of {day:%Y-%m-%d}"
    if foreign := content.unrecognised:
        named = ", ".join(f"{name} ({blocks:,})" for name, blocks in list(foreign.items())[:_MOST_NAMED])
        more = f" and {len(foreign) - _MOST_NAMED} more" if len(foreign) > _MOST_NAMED else ""
        yield (
            f"names that the registry does not know, with {sum(foreign.values()):,} of {len(content.blocks):,} blocks: "
            f"{named}{more}; each counts as a pool without memberships"
        )


def as_json(measured: Measured) -> str:
    """JSON for scripts; a public format, see docs/glossary.md."""
    found = measured.found
    split, merged = (indices._asdict() for indices in _both(found))
    top = {str(n): {"split": share, "merged": merged["top_share"][n]} for n, share in split["top_share"].items()}
    written = {
        "blocks": found.blocks,
        "unknown": found.unknown,
        "indices": {name: {"split": split[name], "merged": merged[name]} for name in split} | {"top_share": top},
        "shares": {one.entity: {name: getattr(one, name) for name in _OF_A_SHARE} for one in measured.shares},
        "intervals": _intervals(measured),
        "unrecognised": measured.unrecognised,
    }
    return json.dumps(written, indent=2, ensure_ascii=False)


def _intervals(measured: Measured) -> dict[str, Any] | None:
    """Intervals of the indices; None for a single block."""
    both: dict[str, IndexIntervals | None] = {"split": measured.sampled.split, "merged": measured.sampled.merged}
    known = {reading: likely for reading, likely in both.items() if likely}
    if not known or not measured.combined:
        return None
    return {
        "hhi": {"combined": asdict(measured.combined.hhi)}
        | {reading: asdict(likely.hhi) for reading, likely in known.items()},
        "nakamoto": {"combined": asdict(measured.combined.nakamoto)}
        | {
            reading: asdict(likely.nakamoto)
            | {"probability": {str(number): chance for number, chance in likely.nakamoto_probability.items()}}
            for reading, likely in known.items()
        },
    }


def as_table(measured: Measured) -> Group:
    """Tables of shares and indices with their intervals."""
    return Group(_share_table(measured), _index_table(measured))


def _share_table(measured: Measured) -> Table:
    found = measured.found
    noun = "block" if found.blocks == 1 else "blocks"
    table = Table(
        title=f"{found.blocks:,} {noun} by {found.level}, {found.unknown:,} of them unknown",
        title_style="bold",
        box=box.SIMPLE_HEAD,
    )
    table.add_column(found.level.capitalize(), overflow="fold")
    for heading in ("Blocks", "Share"):
        table.add_column(heading, justify="right")
    table.add_column("95 % interval", justify="right", no_wrap=True)
    both = found.level != POOL.name  # at the level pool the two are the same
    if both:
        table.add_column("sampling alone", justify="right", no_wrap=True, style="dim")
    table.add_column(width=12 if both else 20)
    longest = max((one.upper or 0.0 for one in measured.shares), default=1.0)
    for one in measured.shares:
        lower, upper = one.lower or 0.0, one.upper or 0.0
        table.add_row(
            Text(one.entity),  # names from a file may contain markup
            f"{one.blocks:,}",
            f"{one.share:.1%}",
            "" if one.upper is None else f"{lower:.1%} to {upper:.1%}",
            *([f"{one.sampling_lower:.1%} to {one.sampling_upper:.1%}" if one.blocks else ""] if both else ()),
            Bar(longest or 1.0, lower, upper, color="cyan"),
        )
    if found.unknown:
        table.add_row("unknown", f"{found.unknown:,}", f"{found.unknown / found.blocks:.1%}", style="dim")
    return table


def _index_table(measured: Measured) -> Table:
    split, merged = _both(measured.found)
    sampled, combined = measured.sampled, measured.combined
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("Index")
    for heading in ("unknown split", "unknown merged", "95 % interval"):
        table.add_column(heading, justify="right")
    for name, (title, form) in _INDICES.items():
        interval = getattr(combined, _INTERVALS[name]) if combined and name in _INTERVALS else None
        values = [_written(getattr(indices, name), form) for indices in (split, merged)]
        table.add_row(title, *values, f"{interval.lower:,.0f} to {interval.upper:,.0f}" if interval else "")
        if name in _INTERVALS and sampled.split and sampled.merged:
            ends = [getattr(likely, _INTERVALS[name]) for likely in (sampled.split, sampled.merged)]
            table.add_row("  sampling alone", *(f"{end.lower:,.0f} to {end.upper:,.0f}" for end in ends), style="dim")
    for n, share in split.top_share.items():
        table.add_row(f"Largest {n}" if n > 1 else "Largest", f"{share:.1%}", f"{merged.top_share[n]:.1%}")
    return table


def _written(number: float | None, form: str) -> str:
    return "-" if number is None else format(number, form)


def _both(found: Concentration) -> tuple[Indices, Indices]:
    assert found.split is not None  # a file without blocks is rejected when it is read
    assert found.merged is not None
    return found.split, found.merged
