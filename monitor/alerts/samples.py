"""What rules are held against: numbers with their labels, as they are at one moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from monitor.model import Snapshot

LabelledValues: TypeAlias = Iterable[tuple[tuple[str, ...], float]]
"""Label values, in the order of the label names, with the number."""


class Numbers(NamedTuple):
    """All numbers of one name."""

    labels: tuple[str, ...]
    """The names of the labels."""
    samples: tuple[tuple[tuple[str, ...], float], ...]


@dataclass(frozen=True, slots=True)
class Samples:
    """The world at one moment, as far as it is known."""

    now: float
    """Unix time, seconds."""
    height: int | None = None
    """The newest block's; None before the first."""
    numbers: Mapping[str, Numbers] = field(default_factory=dict)
    """By name. Of a name that is missing nothing is known now, so its alerts stay as they are."""
    snapshot: Snapshot | None = None
    """What the numbers are of, to explain them."""
    note: str = ""
    """What else should be said."""
