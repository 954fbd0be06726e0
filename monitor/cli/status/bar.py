"""A bar for a share with its interval."""

from __future__ import annotations

from dataclasses import dataclass

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment
from rich.style import Style

_SURE, _MAYBE = Style(color="cyan"), Style(dim=True)


@dataclass(frozen=True, slots=True)
class Bar:
    """Fills the available width: solid up to the lower end, shaded up to the upper end, with a mark at the share."""

    share: float
    lower: float
    upper: float
    full: float
    """The share that fills the whole width."""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        solid, shade, mark = "#-|" if options.ascii_only else "█▒┃"
        sure, counted, most = (round(width * min(each / self.full, 1)) for each in (self.lower, self.share, self.upper))
        at = min(max(counted, sure), width - 1)
        yield Segment(solid * min(sure, at), _SURE)
        yield Segment(shade * (at - sure), _MAYBE)
        yield Segment(mark)
        yield Segment(shade * (min(most, width) - at - 1), _MAYBE)

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement(8, 40)
