"""What each layer counts: its source, its period, and how its remainder may be distributed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from monitor.economy.measure import Lumps
from monitor.model import Layer

WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class LayerKind:
    """How a layer is measured."""

    layer: Layer
    source: str
    lumps: Lumps
    coverage: str
    days: int = 0
    """Days of a flow that are summed for each point; 0 for a stock, which has a point for each of its periods."""
    spacing: int = 1
    """Least days between two points of the series."""

    @property
    def is_flow(self) -> bool:
        """Whether it counts what happens over a time, else what is there at a time."""
        return self.spacing > 1


LAYERS: Final = (
    LayerKind(
        Layer.DESIGNER,
        "epoch",
        Lumps.SMALLEST,
        coverage="estimates for the chips of six designers; others are not in the source",
    ),
    LayerKind(
        Layer.OWNERSHIP,
        "epoch",
        Lumps.SMALLEST,
        coverage="estimates of who owns the chips, not of who uses them; all companies in China are one row",
    ),
    LayerKind(
        Layer.USAGE,
        "openrouter",
        Lumps.ONE,
        coverage="tokens through one router: no direct or enterprise traffic, and authors count tokens in units "
        "of their own",
        days=WEEK,
        spacing=WEEK,
    ),
    LayerKind(
        Layer.OPEN_WEIGHTS,
        "huggingface",
        Lumps.SMALLEST,
        coverage="the repositories with most downloads only, so the indices are of this sample, in which the 500 "
        "largest uploaders are named; a download is a request for a file, not a use",
        spacing=WEEK,
    ),
)
"""In the order in which they are shown."""


def kind_of(layer: Layer) -> LayerKind:
    """How a layer is measured."""
    return next(each for each in LAYERS if each.layer is layer)
