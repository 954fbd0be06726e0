"""All sources, and the editions that come with the program."""

from __future__ import annotations

import gzip
import hashlib
import time
from collections.abc import Sequence
from datetime import date
from functools import cache
from importlib import resources
from typing import Final

from monitor.economy.sources import tables
from monitor.economy.sources.epoch import Epoch
from monitor.economy.sources.huggingface import HuggingFace
from monitor.economy.sources.openrouter import OpenRouter
from monitor.economy.sources.source import Source
from monitor.errors import InputError
from monitor.model import Vintage, beginning, day_of

_EPOCH: Final = Epoch()
SOURCES: Final[tuple[Source, ...]] = (_EPOCH, OpenRouter(), HuggingFace())
_LEAST_IN_COMMON: Final = 2
"""Columns of a file that resembles a source: one of a common name says nothing."""
_MOST_ENTITIES: Final = 2000
_MOST_LETTERS: Final = 100
"""In the name of an entity. Both bounds are far beyond any edition seen."""
_SHIPPED: Final = {"epoch": date(2026, 4, 22), "openrouter": date(2026, 8, 22)}
"""When the publisher made each edition; see data/README.md."""


def source_named(name: str) -> Source:
    """A source by name.

    Raises:
        InputError: there is none.
    """
    for each in SOURCES:
        if each.name == name:
            return each
    raise InputError(f"unknown source {name!r}", remedy=f"choose one of: {', '.join(each.name for each in SOURCES)}")


def read_vintage(source: Source, files: Sequence[bytes], fetched_at: float) -> Vintage:
    """An edition of a source.

    Raises:
        InputError: it means something else than the known editions.
    """
    observations = source.read(files, as_of_day(fetched_at))
    names = {each.entity for each in observations}
    if len(names) > _MOST_ENTITIES:
        raise InputError(f"{source.title} has {len(names)} entities, more than {_MOST_ENTITIES}")
    for name in names:
        if not 0 < len(name) <= _MOST_LETTERS or not name.isprintable():
            raise InputError(f"{source.title} has a name that cannot be shown: {name[:40]!a}")
    digest = hashlib.sha256(b"".join(files)).hexdigest()
    return Vintage(source.name, digest, fetched_at, observations=tuple(observations))


def as_of_day(fetched_at: float) -> date:
    """The day, in UTC, of which an edition is."""
    return day_of(fetched_at)


def recognised(data: bytes, now: float | None = None) -> Vintage:
    """An edition given by hand, read as one of the source that it resembles most.

    Raises:
        InputError: it resembles none, or that source cannot read it.
    """
    return read_vintage(_resembled(data), (data,), time.time() if now is None else now)


def _resembled(data: bytes) -> Source:
    """The source that has the most columns in common with a file. Zip files are published by one only."""
    if data[:2] == b"PK":
        return _EPOCH
    columns = tables.heading(data)
    common = {each.name: len(columns & {tables.plain(name) for name in each.columns}) for each in SOURCES}
    best = max(common, key=lambda name: common[name])
    if common[best] < _LEAST_IN_COMMON:
        what = f"its columns are {', '.join(sorted(columns))[:300]}" if columns else "it has no columns"
        what = "it is HTML" if data.lstrip()[:1] == b"<" else what
        raise InputError(
            f"no source has such a file: {what}", remedy=f"give {', or '.join(each.files for each in SOURCES)}"
        )
    return source_named(best)


@cache
def shipped() -> tuple[Vintage, ...]:
    """The editions that come with the program."""
    folder = resources.files("monitor.economy") / "data"
    found = []
    for name, made in _SHIPPED.items():
        fetched_at = beginning(made)
        data = gzip.decompress(folder.joinpath(f"{name}.csv.gz").read_bytes())
        found.append(read_vintage(source_named(name), (data,), fetched_at))
    return tuple(found)
