"""The command `attribute`: reads its sources and prints a row for each block."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

from rich.console import Console
from rich.progress import Progress

from monitor.cli.attribute import inputs as coinbases
from monitor.cli.attribute import node_blocks as from_node
from monitor.cli.attribute.explain import Explainer
from monitor.cli.attribute.explain_table import as_view
from monitor.cli.attribute.inputs import Given, Input
from monitor.cli.attribute.rows import TABLE_HEAD, Judge, as_line
from monitor.cli.tables import console
from monitor.config import Config, Network
from monitor.errors import InputError
from monitor.model import NodeFacts
from monitor.node.client import NodeClient
from monitor.registry.loading import load_registry, network_of
from monitor.vitals import Vitals

Row: TypeAlias = dict[str, Any]
_Source: TypeAlias = str | Sequence[from_node.BlockName]
"""A file (or `-`), a JSON object, or blocks of the node."""
_MANY = 20
"""Number of blocks from which a progress bar is shown."""


@dataclass(frozen=True, slots=True)
class Request:
    """The arguments of the command."""

    sources: tuple[_Source, ...]
    config: Config
    network: Network | None
    explain: bool

    @classmethod
    def of(cls, names: Sequence[str], config: Config, *, network: Network | None, explain: bool) -> Request:
        """Interpret the sources; the name of an existing file means that file.

        Raises:
            InputError: a source is invalid.
        """
        return cls(tuple(map(_source, names)), config, network, explain=explain)

    @property
    def blocks(self) -> int:
        """Number of blocks to fetch from the node."""
        return sum(len(source) for source in self.sources if not isinstance(source, str))

    def rows(self) -> Iterator[Row]:
        """The rows, without the node.

        Raises:
            InputError: a file cannot be read.
            RegistryError: the registry cannot be used.
        """
        network = self.network or network_of(self.config)
        answer = self._answer(network)
        files = (source for source in self.sources if isinstance(source, str))
        return map(answer, chain.from_iterable(_read(file, network) for file in files))

    async def rows_with_node(self) -> AsyncIterator[Row]:
        """The rows, in the order of the sources.

        Raises:
            NodeError: the node does not answer.
            InputError: a file cannot be read, or a range goes beyond the node's best block.
            RegistryError: the registry cannot be used.
        """
        section = self.config.counted_node.model_copy(update={"network": self.network} if self.network else {})
        async with NodeClient(section, Vitals()) as node:
            facts = await node.introduce()
            self._check_ranges(facts)
            answer = self._answer(facts.network)
            for source in self.sources:
                if isinstance(source, str):
                    for given in _read(source, facts.network):
                        yield answer(given)
                else:
                    async for given in from_node.ask(node, facts, source):
                        yield _placed(given) | answer(given)

    def _answer(self, network: str) -> Callable[[Input], Row]:
        judge = Judge(load_registry(self.config.registry, network))
        return Explainer(judge).explain if self.explain else judge.row

    def _check_ranges(self, facts: NodeFacts) -> None:
        for source in self.sources:
            if isinstance(source, range) and len(source) > 1 and source[-1] > facts.tip.height:
                asked = f"{source[0]}-{source[-1]}"
                raise InputError(f"{asked} goes beyond the node's best block", remedy=f"end at {facts.tip.height}")


def run(request: Request, *, as_table: bool) -> bool:
    """Print a table or JSON lines; returns False if a row is an error.

    Raises:
        PoolMonitorError: the command cannot continue; see `Request`.
    """
    printer = _Printer(request, as_table=as_table)
    if request.blocks:
        asyncio.run(_with_node(request, printer))
    else:
        for row in request.rows():
            printer.print(row)
    return not printer.failed


async def _with_node(request: Request, printer: _Printer) -> None:
    errors = Console(stderr=True)
    # On a terminal the rows themselves show the progress, and would overwrite the bar.
    idle = request.blocks < _MANY or sys.stdout.isatty() or not errors.is_terminal
    with Progress(console=errors, transient=True, disable=idle, redirect_stdout=False) as progress:
        task = progress.add_task("Asking the node", total=request.blocks)
        async for row in request.rows_with_node():
            printer.print(row)
            progress.advance(task)


class _Printer:
    """Writes rows as they come."""

    def __init__(self, request: Request, *, as_table: bool) -> None:
        self.failed = False
        self._as_table = as_table
        self._explains = request.explain
        self._heights = bool(request.blocks)
        self._console = console(132)
        if as_table and not request.explain:
            sys.stdout.write(("  HEIGHT  " if self._heights else "") + TABLE_HEAD + "\n")

    def print(self, row: Row) -> None:
        self.failed = self.failed or "error" in row
        if self._as_table and self._explains:
            self._console.print(as_view(row))
        elif self._as_table:
            height = f"{row.get('height', ''):>8}  " if self._heights else ""
            sys.stdout.write(f"{height}{as_line(row)}\n")
        else:
            sys.stdout.write(json.dumps(row) + "\n")


def _placed(given: Input) -> Row:
    if isinstance(given, Given):
        return {"height": given.height, "hash": given.hash, "time": given.time}
    return {}


def _source(name: str) -> _Source:
    if name == "-" or name.startswith("{") or _exists(name):
        return name
    blocks = from_node.wanted(name)
    if blocks is None:
        raise InputError(f"{name!r} is not a file, a block height, a range of heights or a block hash")
    return blocks


def _exists(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):  # not a valid file name
        return False


def _read(source: str, network: str) -> Iterable[Input]:
    if source == "-":
        return coinbases.from_lines(sys.stdin.buffer, network)
    if source.startswith("{"):
        return coinbases.from_lines(BytesIO(source.encode()), network)
    return coinbases.from_file(Path(source), network)
