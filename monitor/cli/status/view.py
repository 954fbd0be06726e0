"""The layout: printed text, or a screen of a given size."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.layout import Layout
from rich.padding import Padding
from rich.text import Text

from monitor.cli.status.client import Status
from monitor.cli.status.tables import alerts, blocks, headline, indices, shares

_WIDE = 150
"""Width from which two columns are used."""
_HEAD = 4
"""Lines of a table besides its rows."""
_HEADLINE, _FOOT = 3, 1
_ALERTS = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """The content of a screen."""

    found: Status
    now: float
    """Unix time, for ages."""
    window: str | None = None
    """The chosen window."""
    trouble: str | None = None
    """Why the numbers are outdated; None if they are not."""


def as_view(found: Status, window: str | None = None) -> RenderableType:
    """State, alerts, shares of one window, indices of all windows, newest blocks."""
    parts: list[RenderableType] = [headline(found.status), *_disagreement(found)]
    if _standing(found):
        parts += ["", alerts(found.alerts)]
    if found.concentration:
        parts += [
            "",
            shares(found.shares, found.now, chosen=window),
            "",
            indices(found.concentration, chosen=window),
            _LEGEND,
        ]
        parts += ["", blocks(found.blocks)]
    return Group(*parts)


def as_screen(shown: Shown, *, width: int, height: int) -> RenderableType:
    """The same for a screen of `width` columns and `height` lines."""
    found, now = shown.found, shown.now
    room = height - _HEADLINE - _FOOT
    parts = [Layout(headline(found.status, now=now), size=_HEADLINE)]
    for said in _disagreement(found):
        lines = len(said.wrap(Console(width=width), width))
        parts.append(Layout(said, size=lines))
        room -= lines
    rows = min(_standing(found), _ALERTS, room // 2 - _HEAD)
    if rows > 0:
        parts.append(Layout(alerts(found.alerts, rows=rows, now=now), size=rows + _HEAD))
        room -= rows + _HEAD
    body = _body(shown, columns=2 if width >= _WIDE else 1, room=room)
    screen = Layout()
    screen.split_column(*parts, body, Layout(_foot(shown), size=_FOOT))
    return screen


def _body(shown: Shown, *, columns: int, room: int) -> Layout:
    """Shares, indices and blocks, side by side or, as far as they fit, below each other."""
    found, window, now = shown.found, shown.window, shown.now
    body = Layout()
    if not found.concentration:
        return Layout(Text("no block is stored yet"))
    measured = Layout(indices(found.concentration, chosen=window), size=len(found.concentration) + _HEAD)
    rest = room - len(found.concentration) - _HEAD
    if columns > 1:
        right = Layout()
        right.split_column(measured, Layout(blocks(found.blocks, rows=max(rest - _HEAD, 1), now=now)))
        left = Padding(shares(found.shares, found.now, chosen=window, rows=max(room - _HEAD, 1)), (0, 4, 0, 0))
        body.split_row(Layout(left), right)
        return body
    few = max(rest // 2, _HEAD + 1)
    if few > rest:
        return Layout(shares(found.shares, found.now, chosen=window, rows=max(room - _HEAD, 1)))
    below = [Layout(shares(found.shares, found.now, chosen=window, rows=few - _HEAD), size=few), measured]
    if rest - few > _HEAD:
        below.append(Layout(blocks(found.blocks, rows=rest - few - _HEAD, now=now)))
    body.split_column(*below)
    return body


_LEGEND = Text(
    "Two numbers: each unknown block a miner of its own, or all of them one miner. HHI: without small-sample bias. "
    "95 %: interval of sampling, memberships, unknown blocks and low confidence together. now: the coming fortnight.",
    "dim",
)


def _disagreement(found: Status) -> list[Text]:
    """That nodes disagree or another one stands in, and of which branch the numbers are."""
    return [Text(f"! {found.disagreement}", "bold magenta")] if found.disagreement else []


def _standing(found: Status) -> int:
    return sum(each.get("state") != "resolved" for each in found.alerts)


def _foot(shown: Shown) -> Text:
    text = Text(no_wrap=True, overflow="ellipsis")
    if shown.trouble:
        text.append(f"! {shown.trouble}", "bold magenta")
        text.append("   ")
    for key, word in (("q", "quit"), ("l", "level"), ("w", "window")):
        text.append(f" {key} ", "reverse")
        text.append(f" {word}   ")
    return text
