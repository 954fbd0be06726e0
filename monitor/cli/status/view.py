"""The layout: printed text, or a screen of a given size."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.padding import Padding
from rich.text import Text

from monitor.cli.common import moment
from monitor.cli.status.client import Status
from monitor.cli.status.tables import alerts, blocks, headline, indices, shares

_WIDE = 150
"""Width from which two columns are used."""
_HEAD = 4
"""Lines of a table besides its rows."""
_HEADLINE, _FOOT = 3, 1
_BLOCKS_FROM = 20
"""Lines below the indices from which the newest blocks are shown beside the shares."""
_BY_SEVERITY = ("critical", "warning", "info")
_KEYS = (("q", "quit"), ("l", "level"), ("w", "window"), ("a", "alerts"), ("↑↓", "scroll"), ("?", "help"))


@dataclass(frozen=True, slots=True)
class View:
    """What the screen shows, and how far it is scrolled."""

    page: Literal["numbers", "alerts", "help"] = "numbers"
    skipped: int = 0
    """Rows of the list that are scrolled away."""

    def after(self, key: str) -> View:
        """The view after a key was pressed; `a` and `?` lead to their page and back."""
        match key:
            case "a":
                return View("numbers" if self.page == "alerts" else "alerts")
            case "?" | "h":
                return View("numbers" if self.page == "help" else "help")
            case "j":
                return replace(self, skipped=self.skipped + 1)
            case "k":
                return replace(self, skipped=max(0, self.skipped - 1))
            case "l" | "w":
                return View()
            case _:
                return self


@dataclass(frozen=True, slots=True)
class Shown:
    """The content of a screen."""

    found: Status
    now: float
    """Unix time, for ages."""
    view: View = View()
    trouble: str | None = None
    """Why the numbers are outdated; None if they are not."""


def as_view(found: Status) -> RenderableType:
    """State, indices of all windows, shares of one window, newest blocks, alerts."""
    parts: list[RenderableType] = [headline(found.status), *_disagreement(found), *_as_of(found)]
    if found.concentration:
        parts += ["", indices(found.concentration, chosen=found.window), _LEGEND]
        parts += ["", shares(found.shares, found.now, chosen=found.window)]
    if _standing(found):
        parts += ["", alerts(found.alerts)]
    if found.concentration:
        parts += ["", blocks(found.blocks)]
    return Group(*parts)


def as_screen(shown: Shown, *, width: int, height: int) -> RenderableType:
    """The same for a screen of `width` columns and `height` lines: as much as fits, the indices first."""
    found, now = shown.found, shown.now
    room = height - _HEADLINE - _FOOT
    parts = [Layout(headline(found.status, now=now), size=_HEADLINE)]
    for said in [*_disagreement(found), *(_firing(found) if shown.view.page == "numbers" and room > _HEAD else ())]:
        lines = len(said.wrap(Console(width=width), width))
        parts.append(Layout(said, size=lines))
        room -= lines
    screen = Layout()
    screen.split_column(*parts, _page(shown, columns=2 if width >= _WIDE else 1, room=room), _foot(shown))
    return screen


def _page(shown: Shown, *, columns: int, room: int) -> Layout:
    match shown.view.page:
        case "help":
            return Layout(_HELP)
        case "alerts":
            standing = [each for each in shown.found.alerts if each.get("state") != "resolved"]
            return Layout(alerts(standing[shown.view.skipped :], rows=max(room - _HEAD, 1), now=shown.now))
        case _:
            return _numbers(shown, columns=columns, room=room)


def _numbers(shown: Shown, *, columns: int, room: int) -> Layout:
    """Indices, shares and blocks, side by side or, as far as they fit, below each other."""
    found, now = shown.found, shown.now
    body = Layout()
    if not found.concentration:
        return Layout(Text("no block is stored yet"))
    size = len(found.concentration) + _HEAD
    measured = Layout(indices(found.concentration, chosen=found.window), size=size)
    rest = room - size

    def largest(lines: int) -> RenderableType:
        rows = max(lines - _HEAD, 1)
        return shares(found.shares, found.now, chosen=found.window, rows=rows, skipped=shown.view.skipped)

    if columns > 1:
        right = Layout()
        right.split_column(measured, Layout(blocks(found.blocks, rows=max(rest - _HEAD, 1), now=now)))
        body.split_row(Layout(Padding(largest(room), (0, 4, 0, 0))), right)
        return body
    if rest <= _HEAD:
        return Layout(indices(found.concentration, chosen=found.window))
    few = rest if rest < _BLOCKS_FROM else rest // 2
    below = [measured, Layout(largest(few), size=few)]
    if rest > few:
        below.append(Layout(blocks(found.blocks, rows=rest - few - _HEAD, now=now)))
    body.split_column(*below)
    return body


_HELP = Text.from_markup(
    "[bold]Keys[/]\n"
    "l      next level: pool, template builder, operator, country of origin, country of registration\n"
    "w      next window\n"
    "a      alerts, and back\n"
    "↑ ↓    scroll the shares or the alerts; k and j do the same\n"
    "q      quit\n\n"
    "[bold]Columns[/]\n"
    "Nakamoto   fewest entities with more than half of the blocks\n"
    "HHI        sum of the squared shares, 10,000 for a single entity; above 1,800 is highly concentrated\n"
    "eff.       equal entities that would be as concentrated\n"
    "95 %       interval of sampling, memberships, unknown blocks and low confidence together\n"
    "now        the share in the coming fortnight\n"
    "Two numbers: each unknown block a miner of its own, or all of them one miner."
)
_LEGEND = Text(
    "Two numbers: each unknown block a miner of its own, or all of them one miner. HHI: without small-sample bias. "
    "95 %: interval of sampling, memberships, unknown blocks and low confidence together. now: the coming fortnight.",
    "dim",
)


def _disagreement(found: Status) -> list[Text]:
    """That nodes disagree or another one stands in, and of which branch the numbers are."""
    return [Text(f"! {found.disagreement}", "bold magenta")] if found.disagreement else []


def _as_of(found: Status) -> list[RenderableType]:
    """At which earlier block the windows end."""
    if not (tip := found.as_of):
        return []
    where = f"As of block {tip['height']}, {moment(tip['time'])}: windows end there."
    return ["", Text.assemble((where, "bold"), " By today's registry, with the memberships of each block's own time.")]


def _standing(found: Status) -> int:
    return sum(each.get("state") != "resolved" for each in found.alerts)


def _firing(found: Status) -> list[Text]:
    """One line for all alerts, with the most severe of them: the list is a page of its own."""
    firing = [each for each in found.alerts if each.get("state") == "firing"]
    if not firing:
        return []
    first = min(firing, key=lambda each: _BY_SEVERITY.index(each.get("severity", "info")))
    more = f" (and {len(firing) - 1} more: a)" if len(firing) > 1 else " (a)"
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append(f"{first.get('severity', '')}: ", "bold red" if first.get("severity") == "critical" else "bold magenta")
    text.append(f"{first.get('summary') or first.get('rule', '')}{more}")
    return [text]


def _foot(shown: Shown) -> Layout:
    text = Text(no_wrap=True, overflow="ellipsis")
    if shown.trouble:
        text.append(f"! {shown.trouble}", "bold magenta")
        text.append("   ")
    for key, word in _KEYS:
        text.append(f" {key} ", "reverse")
        text.append(f" {word}   ")
    return Layout(text, size=_FOOT)
