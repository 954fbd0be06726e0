"""What a rule is: a number to look at, where, and from when on it is news."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from monitor.model import Severity

_REMEMBERED = 10_000
"""Label values. Those of the largest entities recur; what a stranger writes into a coinbase does not stay."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An alert for each thing whose number is beyond a threshold for long enough.

    It begins beyond `enter` and ends only when it is no longer beyond `leave`, so that a number that trembles around a
    threshold is one alert and not many.
    """

    name: str
    severity: Severity
    value: str
    """Which number: a metric of the catalogue, or a fact of the moment (`facts`)."""
    enter: float
    leave: float
    rising: bool
    """Whether beyond is above: else below."""
    summary: str
    """One sentence, with the labels and `{value}` in braces."""
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What labels may be, with `*` as a wildcard; a label that is not named may be anything."""
    for_blocks: int = 0
    """How many more blocks it must last before anybody is told."""
    for_seconds: float = 0.0
    """How long it must last before anybody is told."""
    keep_seconds: float = 0.0
    """How long it fires at least: for what happens and is over at once."""
    cooldown_seconds: float = 0.0
    """How long after its end it cannot begin again."""
    meaning: str = ""
    """What it means, for whoever reads the list of rules."""
    _about: dict[tuple[str, ...], bool] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Of label values that were asked about: the same come with each block."""

    def begins(self, value: float) -> bool:
        """Whether a number is beyond the threshold."""
        return value > self.enter if self.rising else value < self.enter

    def lasts(self, value: float) -> bool:
        """Whether a number is still beyond the level at which an alert ends."""
        return value > self.leave if self.rising else value < self.leave

    def is_about(self, names: tuple[str, ...], values: tuple[str, ...]) -> bool:
        """Whether it looks at numbers with these labels."""
        if (known := self._about.get(values)) is None:
            if len(self._about) >= _REMEMBERED:
                self._about.clear()
            labels = dict(zip(names, values, strict=True))
            known = self._about[values] = all(
                any(fnmatchcase(labels.get(name, ""), pattern) for pattern in patterns)
                for name, patterns in self.where.items()
            )
        return known
