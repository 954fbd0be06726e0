"""An explanation for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text


def as_view(found: Mapping[str, Any]) -> RenderableType:
    """The whole story of one block, from the verdict down to what other systems say."""
    if "error" in found:
        return Text(f"error: {found['error']}", style="red")
    told = found["explanation"]
    parts: list[RenderableType] = [_verdict(found), _facts(found)]
    if told["marks"]:
        parts.append(_marks(told["marks"]))
    return Group(*parts, _others(told["others"]))


def _verdict(found: Mapping[str, Any]) -> Text:
    name = found["pool_name"] or "unknown"
    text = Text.assemble((name, "bold green" if found["pool_slug"] else "bold yellow"))
    if found["pool_slug"]:
        text.append(f"   {found['method']} {found['evidence']}   confidence {found['confidence']}")
    if found["conflict"]:
        text.append("   conflict", style="bold red")
    return text


def _facts(found: Mapping[str, Any]) -> Table:
    told = found["explanation"]
    facts = {
        "Block": " ".join(str(part) for part in (found["height"], found["hash"]) if part is not None),
        "Rule": told["rule"],
        "Confidence": told["confidence"],
        "Miner": found["miner"] or "",
        "Template": found["template"] or "",
        "Operator": ", ".join(filter(None, (found["operator"], found["country"]))),
        "Custody": "; ".join(f"{each['where']} goes to {each['name']}, no pool" for each in told["custodians"]),
        "Part of a longer tag": ", ".join(f"{each['evidence']} ({each['pool_slug']})" for each in told["covered"]),
        "Commits to": "; ".join(f"{each['to']} ({each['where']})" for each in told["commitments"]),
        "Text": told["text"],
        "Registry": told["registry"],
    }  # fmt: skip
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        if value:
            table.add_row(name, Text(value))
    return table


def _marks(marks: list[dict[str, Any]]) -> Table:
    table = _table("Marks found, the one that decides first", "pool", "mark", "what it is", "where")
    for mark in marks:
        table.add_row(*map(Text, (mark["pool_slug"], mark["evidence"], mark["kind"], mark["where"])))
    return table


def _others(others: list[dict[str, Any]]) -> Table:
    table = _table("What others would say", "system", "answer")
    for other in others:
        answer = Text(other["pool_name"] or "unknown")
        if other["method"]:
            answer.append(f" by {other['method']} {other['evidence']}")
        answer.append(
            ", as we do" if other["agrees"] else f"\n{other['why']}", style="green" if other["agrees"] else ""
        )
        table.add_row(other["system"], answer)
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in {"system", "pool"})
    return table
