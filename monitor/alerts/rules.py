"""The alert rule: a metric, label matchers, and the thresholds at which an alert fires and resolves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from monitor.model import Severity

_CACHED = 10_000
"""Maximum number of cached label values: coinbase texts can add any number of pseudonyms."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A condition on the samples of one metric; each sample that meets it is an alert of its own.

    An alert fires beyond `enter` and resolves only when the value is no longer beyond `leave` (hysteresis), so a value
    that fluctuates around a threshold raises one alert.
    """

    name: str
    severity: Severity
    value: str
    """Name of a published metric or of one of `ALERT_METRICS`."""
    enter: float
    leave: float
    rising: bool
    """True: beyond means above; False: below."""
    summary: str
    """One sentence with placeholders: label names and `value` in braces."""
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Accepted values by label, with `*` as wildcard; labels that are not listed match any value."""
    for_blocks: int = 0
    """Further blocks that the condition must hold for before the alert fires."""
    for_seconds: float = 0.0
    """Seconds that the condition must hold for before the alert fires."""
    keep_seconds: float = 0.0
    """Minimum duration of firing, for events that have no duration of their own."""
    cooldown_seconds: float = 0.0
    """Minimum time between resolving and firing again."""
    meaning: str = ""
    """What the alert means, for the explanation."""
    _matches: dict[tuple[str, ...], bool] = field(default_factory=dict, init=False, repr=False, compare=False)
    """Cached results of `matches`: the same label values recur with each block."""

    def begins(self, value: float) -> bool:
        """Whether a value is beyond the threshold for firing."""
        return value > self.enter if self.rising else value < self.enter

    def lasts(self, value: float) -> bool:
        """Whether a value is still beyond the threshold for resolving."""
        return value > self.leave if self.rising else value < self.leave

    def matches(self, names: tuple[str, ...], values: tuple[str, ...]) -> bool:
        """Whether the rule applies to a sample with these labels."""
        if (known := self._matches.get(values)) is None:
            if len(self._matches) >= _CACHED:
                self._matches.clear()
            labels = dict(zip(names, values, strict=True))
            known = self._matches[values] = all(
                any(fnmatchcase(labels.get(name, ""), pattern) for pattern in patterns)
                for name, patterns in self.where.items()
            )
        return known
