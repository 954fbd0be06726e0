"""The command `attribute`: from what the user names to a row for each block."""

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
from monitor.config import Config, Network
from monitor.errors import InputError, PoolMonitorError
from monitor.model import NodeFacts
from monitor.node.client import NodeClient
from monitor.registry.loading import load_registry, network_of
from monitor.vitals import Vitals

Row: TypeAlias = dict[str, Any]
_Source: TypeAlias = str | Sequence[from_node.MissingBlocks]
"""A file (or `-`), a JSON line, or blocks of the node."""
_PAGE = 132
"""Letters in a line where there is no terminal to ask."""
_MANY = 20
"""So many blocks take long enough for a progress bar."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the user wants to know."""

    sources: tuple[_Source, ...]
    config: Config
    network: Network | None
    explain: bool

    @classmethod
    def of(cls, names: Sequence[str], config: Config, *, network: Network | None, explain: bool) -> Request:
        """Sort out what the names mean: a file that exists is a file, whatever it is called.

        Raises:
            InputError: one means nothing.
        """
        return cls(tuple(map(_meant, names)), config, network, explain=explain)

    @property
    def blocks(self) -> int:
        """How many blocks the node is asked for."""
        return sum(len(source) for source in self.sources if not isinstance(source, str))

    def rows(self) -> Iterator[Row]:
        """The answers, where the node is not needed.

        Raises:
            InputError: a file cannot be read.
            RegistryError: the registry cannot be used.
        """
        network = self.network or network_of(self.config)
        answer = self._answer(network)
        files = (source for source in self.sources if isinstance(source, str))
        return map(answer, chain.from_iterable(_read(file, network) for file in files))

    async def rows_with_node(self) -> AsyncIterator[Row]:
        """The answers, in the order of the sources.

        Raises:
            NodeError: the node does not answer.
            InputError: a file cannot be read, or a range goes beyond the node's best block.
            RegistryError: the registry cannot be used.
        """
        section = self.config.node.model_copy(update={"network": self.network} if self.network else {})
        async with NodeClient(section, Vitals()) as node:
            facts = await node.introduce()
            self._refuse_the_future(facts)
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
        row = Explainer(judge).explain if self.explain else judge.row

        def answer(given: Input) -> Row:
            return {"error": str(given)} if isinstance(given, PoolMonitorError) else row(given)

        return answer

    def _refuse_the_future(self, facts: NodeFacts) -> None:
        for source in self.sources:
            if isinstance(source, range) and len(source) > 1 and source[-1] > facts.tip.height:
                asked = f"{source[0]}-{source[-1]}"
                raise InputError(f"{asked} goes beyond the node's best block", remedy=f"end at {facts.tip.height}")


def run(request: Request, *, as_table: bool) -> bool:
    """Answer on standard output: for people or as JSON lines; False when something could not be answered.

    Raises:
        PoolMonitorError: nothing more can be answered; see `Request`.
    """
    printer = _Printer(request, as_table=as_table)
    if request.blocks:
        asyncio.run(_with_node(request, printer))
    else:
        for row in request.rows():
            printer.print(row)
    return not printer.failed


async def _with_node(request: Request, printer: _Printer) -> None:
    console = Console(stderr=True)
    # On a terminal the rows themselves show that it goes on, and would be written across the bar.
    idle = request.blocks < _MANY or sys.stdout.isatty() or not console.is_terminal
    with Progress(console=console, transient=True, disable=idle, redirect_stdout=False) as progress:
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
        self._console = Console(highlight=False, width=None if sys.stdout.isatty() else _PAGE)
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


def _meant(name: str) -> _Source:
    if name == "-" or name.startswith("{") or _is_there(name):
        return name
    blocks = from_node.wanted(name)
    if blocks is None:
        raise InputError(f"{name!r} is no file here, no block height, no range of heights and no block hash")
    return blocks


def _is_there(name: str) -> bool:
    try:
        return Path(name).exists()
    except (OSError, ValueError):  # too long for a name, or a letter that none may have
        return False


def _read(source: str, network: str) -> Iterable[Input]:
    if source == "-":
        return coinbases.from_lines(sys.stdin.buffer, network)
    if source.startswith("{"):
        return coinbases.from_lines(BytesIO(source.encode()), network)
    return coinbases.from_file(Path(source), network)
