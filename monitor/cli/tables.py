"""The look of tables on the terminal."""

from __future__ import annotations

import sys
from collections.abc import Collection, Iterable

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def console(width: int = 160) -> Console:
    """Standard output: as wide as the terminal, or of this width if it is none. Texts are printed as they are."""
    return Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else width)


def table(*columns: str, title: str | None = None, right: Collection[str] = (), whole: Collection[str] = ()) -> Table:
    """An empty table.

    Args:
        columns: their headings.
        title: the line above it.
        right: right-aligned columns.
        whole: columns that are never wrapped; the others fold.
    """
    made = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        made.add_column(name, justify="right" if name in right else "left", no_wrap=name in whole, overflow="fold")
    return made


def facts(rows: Iterable[tuple[str, str]]) -> Table:
    """Names and values below each other, without the empty ones."""
    made = Table.grid(padding=(0, 2))
    made.add_column(style="dim", no_wrap=True)
    made.add_column(overflow="fold")
    for name, value in rows:
        if value:
            made.add_row(name, Text(value))
    return made
