"""Nodes and branches on the terminal, of the API's JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from monitor.cli.common import moment
from monitor.cli.status.client import is_calm
from monitor.cli.status.tables import Json, ago, seconds
from monitor.cli.tables import facts, table

_NEWEST = 3
"""Heights that are always shown."""
_FOLDED = 3
"""So many heights with nothing but the counted block are one line."""
_LEVELS = {"pool": "pools", "template": "template builders", "country": "countries"}
_ROWS = 5


def as_nodes(found: Json, now: float) -> RenderableType:
    """Whether the nodes agree, a row for each, splits, and the newest heights of every branch."""
    parts: list[RenderableType] = [Text(found["summary"], "bold" if is_calm(found) else "bold magenta"), ""]
    parts += [_nodes(found["nodes"], now), ""]
    names = {block["pool_slug"]: block["pool_name"] for block in found["tree"]}
    for split in found["splits"]:
        parts += [_split(split, names), ""]
    return Group(*parts, _tree(found["tree"]))


def _nodes(nodes: Sequence[Json], now: float) -> Table:
    made = table("node", "role", "state", "height", "where", "network", "version", "heard", right=("height",))
    for node in nodes:
        roles = [node["role"], *(["stands in"] if node["followed"] and node["role"] != "counted" else [])]
        roles += [] if node["trusted"] else ["not trusted"]
        made.add_row(
            Text(node["name"]), ", ".join(roles),
            Text("up") if node["up"] else Text("refused" if _is_foreign(node) else "away", "bold magenta"),
            str(node["tip"]["height"]) if node["tip"] else "",
            Text(node["place"] or node["reason"] or "", "bold magenta" if node["relation"] == "branch" else ""),
            _network(node), Text(node["version"] or ""),
            f"{ago(now - seconds(node['heard_at']))} ago" if node["heard_at"] else "",
        )  # fmt: skip
    return made


def _network(node: Json) -> Text:
    """The network; and the chain, where it is another one than Bitcoin's."""
    name = Text(node["network"] or "")
    return name.append(f", chain {node['chain']}", "bold magenta") if _is_foreign(node) else name


def _is_foreign(node: Json) -> bool:
    return node["chain"] not in {None, "bitcoin"}


def _split(split: Json, names: Json) -> Table:
    """Both branches beside each other."""
    title = "Split" if split["lasting"] else "Two branches"
    heads = [
        f"{'counted' if each['counted'] else 'not counted'}: {', '.join(each['nodes'])}" for each in split["branches"]
    ]
    made = table("", *heads, title=f"{title} above block {split['ancestor']['height']}, since {moment(split['since'])}")
    rows: dict[str, Any] = {
        "blocks": lambda each: f"{each['blocks']:,}",
        "work": lambda each: f"{int(each['work']):.3g} hashes",
        "newest": lambda each: f"{each['tip']['height']} {each['tip']['hash']}",
        "signalling": lambda each: ", ".join(f"bit {bit}: {blocks}" for bit, blocks in each["signalling"].items()),
    }
    for level, name in _LEVELS.items():
        rows[name] = lambda each, level=level: "\n".join(_shares(each, level, names))
    for name, row in rows.items():
        made.add_row(Text(name, "dim"), *(Text(row(each)) for each in split["branches"]))
    return made


def _shares(branch: Json, level: str, names: Json) -> Iterator[str]:
    for entity, blocks in list(branch["entities"].get(level, {}).items())[:_ROWS]:
        yield f"{names.get(entity, entity)} {blocks} ({blocks / branch['attributed']:.0%})"


def _tree(blocks: Sequence[Json]) -> RenderableType:
    """A line for each height: the counted block, and those of other branches beside it."""
    rows = {height: list(several) for height, several in groupby(blocks, key=lambda block: block["height"])}
    lanes = _lanes(blocks)
    plain = {height: len(row) == 1 and row[0]["counted"] and not row[0]["nodes"] for height, row in rows.items()}
    for height in list(rows)[:_NEWEST]:
        plain[height] = False
    lines: list[tuple[str, str]] = []
    above: int | None = None
    run = {height: height + at for at, height in enumerate(rows)}  # the same for heights without a gap between them
    for (folded, _), heights in groupby(rows, key=lambda height: (plain[height], run[height])):
        some = list(heights)
        if above is not None and (missing := above - some[0] - 1):
            lines.append((f"{some[0] + 1} - {above - 1}", f"{missing:,} heights left out"))
        above = some[-1]
        if folded and len(some) >= _FOLDED:
            lines.append((f"{some[-1]} - {some[0]}", f"{len(some)} blocks of one chain"))
            continue
        lines += [(str(height), _line(rows[height], lanes)) for height in some]
    return Group(Text("Newest blocks of every branch", "bold"), facts(lines))


def _line(row: Sequence[Json], lanes: dict[str, int]) -> str:
    cells = {lanes[block["hash"]]: _cell(block) for block in row}
    return "".join(cells.get(lane, "").ljust(34) for lane in range(max(cells) + 1)).rstrip()


def _cell(block: Json) -> str:
    name = (block["pool_name"] or "unknown") if block["attributed"] else "header only"
    nodes = f" < {', '.join(block['nodes'])}" if block["nodes"] else ""
    return f"{'*' if block['counted'] else 'o'} {name}{nodes}"


def _lanes(blocks: Sequence[Json]) -> dict[str, int]:
    """The column of each block, by its hash: that of its parent unless that is counted, 0 for counted ones."""
    found: dict[str, int] = {}
    for _, row in groupby(reversed(blocks), key=lambda block: block["height"]):
        here = list(row)
        used = {0}
        for block in sorted(here, key=lambda block: (not block["counted"], -found.get(block["below"], 0))):
            wanted = found.get(block["below"], 0)
            lane = 0 if block["counted"] else next(at for at in (wanted, *range(1, len(here) + 2)) if at not in used)
            found[block["hash"]] = lane
            used.add(lane)
    return found
