"""Changes of shares as they are listed: what one entity lost and another gained about the same time is one entry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from monitor.model import Change


class ChangeEntry(NamedTuple):
    """A change, or a pair of them."""

    change: Change
    """The loss, in a pair."""
    gain: Change | None = None
    """What the counterpart gained."""

    @property
    def entities(self) -> set[str]:
        """One, or both of a pair."""
        return {self.change.entity, *((self.gain.entity,) if self.gain else ())}


def newest_first(changes: Sequence[Change]) -> list[ChangeEntry]:
    """Every change once; `changes` has the oldest first."""
    return list(_entries(changes))[::-1]


def _entries(changes: Sequence[Change]) -> Iterator[ChangeEntry]:
    pairs = {at: gain for at, each in enumerate(changes) if (gain := _gain(each, changes))}
    gains = list(pairs.values())
    for at, each in enumerate(changes):
        if at in pairs or each not in gains:
            yield ChangeEntry(each, pairs.get(at))


def _gain(loss: Change, changes: Sequence[Change]) -> Change | None:
    """The counterpart's gain, the one closest in height."""
    if loss.after.share >= loss.before.share:
        return None
    gains = [
        each
        for each in changes
        if (each.entity, each.counterpart) == (loss.counterpart, loss.entity) and each.after.share > each.before.share
    ]
    return min(gains, key=lambda each: abs(each.height - loss.height), default=None)
