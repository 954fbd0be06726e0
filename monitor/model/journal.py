"""What happened to the chain and the nodes, as feeds tell it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class EntryKind(StrEnum):
    """What an entry is about."""

    STALE = "stale"
    """A block that is not on the best chain."""
    REORG = "reorg"
    """Blocks left the best chain."""
    SPLIT = "split"
    """Nodes follow different branches."""
    SPLIT_END = "split-end"
    """They no longer do."""
    ALERT = "alert"
    """An alert fires or is resolved."""


class JournalEntry(NamedTuple):
    """Something that happened."""

    key: str
    """Unique, and the same when the same is noted again."""
    kind: EntryKind
    at: float
    """Unix time."""
    title: str
    text: str
    path: str
    """The page that shows it."""
    about: str = ""
    """What a split has in common with its end: the hash of the common ancestor."""
