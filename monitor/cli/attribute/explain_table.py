"""An explanation as tables."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.cli.tables import facts, table


def as_view(found: Mapping[str, Any]) -> RenderableType:
    """Attribution, facts, marks and the results of other systems."""
    if "error" in found:
        return Text(f"error: {found['error']}", style="red")
    details = found["explanation"]
    parts: list[RenderableType] = [_verdict(found), _facts(found)]
    if details["marks"]:
        parts.append(_marks(details["marks"]))
    return Group(*parts, _others(details["others"]))


def _verdict(found: Mapping[str, Any]) -> Text:
    name = found["pool_name"] or "unknown"
    text = Text.assemble((name, "bold green" if found["pool_slug"] else "bold yellow"))
    if found["pool_slug"]:
        text.append(f"   {found['method']} {found['evidence']}   confidence {found['confidence']}")
    if found["conflict"]:
        text.append("   conflict", style="bold red")
    return text


def _facts(found: Mapping[str, Any]) -> Table:
    details = found["explanation"]
    rows = {
        "Block": " ".join(str(part) for part in (found["height"], found["hash"]) if part is not None),
        "Rule": details["rule"],
        "Confidence": details["confidence"],
        "Miner": found["miner"] or "",
        "Template": found["template"] or "",
        "Operator": ", ".join(filter(None, (found["operator"], found["country"]))),
        "Origin": found["origin"] or "",
        "Custody": "; ".join(f"{each['where']} to custodian {each['name']}" for each in details["custodians"]),
        "Part of a longer tag": ", ".join(f"{each['evidence']} ({each['pool_slug']})" for each in details["covered"]),
        "Commits to": "; ".join(f"{each['to']} ({each['where']})" for each in details["commitments"]),
        "Text": details["text"],
        "Registry": details["registry"],
    }  # fmt: skip
    return facts(rows.items())


def _marks(marks: list[dict[str, Any]]) -> Table:
    made = table("pool", "mark", "kind", "where", title="Marks, the deciding one first", whole=("pool",))
    for mark in marks:
        made.add_row(*map(Text, (mark["pool_slug"], mark["evidence"], mark["kind"], mark["where"])))
    return made


def _others(others: list[dict[str, Any]]) -> Table:
    made = table("system", "answer", title="Other systems", whole=("system",))
    for other in others:
        answer = Text(other["pool_name"] or "unknown")
        if other["method"]:
            answer.append(f" by {other['method']} {other['evidence']}")
        answer.append(
            ", the same" if other["agrees"] else f"\n{other['why']}", style="green" if other["agrees"] else ""
        )
        made.add_row(other["system"], answer)
    return made
