"""What is shown, as a function of what the daemon said: once, as a text, or as a screen of a certain size."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.layout import Layout
from rich.padding import Padding
from rich.text import Text

from monitor.app.status.client import Choice, Status
from monitor.app.status.tables import alerts, blocks, headline, indices, shares

_WIDE = 150
"""From here on two columns stand beside each other."""
_HEAD = 4
"""Lines of a table before its first row, and the one after its last."""
_HEADLINE = 3
_ALERTS = 5


@dataclass(frozen=True, slots=True)
class Shown:
    """What a screen is made of."""

    found: Status
    choice: Choice
    now: float
    """Unix time, for ages."""
    trouble: str | None = None
    """Why the numbers are not new, where they are not."""


def as_view(found: Status, choice: Choice | None = None) -> RenderableType:
    """For people: state, alerts, shares, indices by window, newest blocks."""
    window = choice.window if choice else None
    parts: list[RenderableType] = [headline(found.status)]
    if _standing(found):
        parts += ["", alerts(found.alerts)]
    if found.concentration:
        parts += ["", shares(found.shares, chosen=window), "", indices(found.concentration, chosen=window), _LEGEND]
        parts += ["", blocks(found.blocks)]
    return Group(*parts)


def as_screen(shown: Shown, *, width: int, height: int) -> RenderableType:
    """The same on a screen of so many columns and lines: each part gets as many rows as there is room for."""
    found, window, now = shown.found, shown.choice.window, shown.now
    head = Layout(headline(found.status, now=now), size=_HEADLINE)
    foot = Layout(_foot(shown), size=1)
    parts = [head]
    standing = min(_standing(found), _ALERTS)
    if standing:
        parts.append(Layout(alerts(found.alerts, rows=_ALERTS, now=now), size=standing + _HEAD))
    room = height - _HEADLINE - 1 - (standing + _HEAD if standing else 0)
    body = Layout()
    parts += [body, foot]
    screen = Layout()
    screen.split_column(*parts)
    if not found.concentration:
        body.update(Text("no block is stored yet"))
        return screen
    windows = len(found.concentration) + _HEAD
    if width >= _WIDE:
        right = Layout()
        right.split_column(
            Layout(indices(found.concentration, chosen=window), size=windows),
            Layout(blocks(found.blocks, rows=room - windows - _HEAD, now=now)),
        )
        left = Padding(shares(found.shares, chosen=window, rows=room - _HEAD), (0, 4, 0, 0))
        body.split_row(Layout(left), right)
        return screen
    rest = max(room - windows, 0)
    few = max(rest // 2, _HEAD + 1)
    body.split_column(
        Layout(shares(found.shares, chosen=window, rows=few - _HEAD), size=few),
        Layout(indices(found.concentration, chosen=window), size=windows),
        Layout(blocks(found.blocks, rows=max(rest - few - _HEAD, 1), now=now)),
    )
    return screen


_LEGEND = Text(
    "Two numbers: each unknown block its own miner, or all of them one. HHI: without the bias of a small sample. "
    "95 %: of the hashrate behind the blocks.",
    "dim",
)


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
