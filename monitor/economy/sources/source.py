"""What a source is."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date
from typing import ClassVar, NamedTuple, Protocol

from monitor.model import Observation


class Fetched(NamedTuple):
    """A file of a source."""

    body: bytes
    link: str = ""
    """The header `Link`, which may name a next page."""


class Unchanged(Exception):  # noqa: N818 -- a state of the source, not an error
    """The source has no newer edition."""


class Download(Protocol):
    """Fetches a file of a source."""

    async def __call__(self, url: str, *, most: int) -> Fetched:
        """What is at `url`, on the host of the source, if it has no more bytes than `most`.

        Raises:
            InputError: it cannot be had, is too long, or is HTML.
            Unchanged: it is what was fetched last time.
        """


class Source(Protocol):
    """One publisher."""

    name: ClassVar[str]
    title: ClassVar[str]
    url: ClassVar[str]
    """The page for people."""
    licence: ClassVar[str]
    files: ClassVar[str]
    """What files it publishes, for those who give one by hand."""
    columns: ClassVar[Collection[str]]
    """Names of columns or fields that its files have, in every spelling."""
    replaces_all: ClassVar[bool]
    """Whether an edition has the whole history: then periods that it lacks are withdrawn. Otherwise they stay."""

    every_days: ClassVar[int]
    """How often it is asked."""

    def attribution(self, as_of: date) -> str:
        """The line to show beside each figure."""

    def read(self, files: Sequence[bytes], as_of: date) -> list[Observation]:
        """The observations of an edition.

        Raises:
            InputError: it means something else than the known editions.
        """

    async def fetch(self, download: Download) -> tuple[bytes, ...]:
        """The files of the newest edition.

        Raises:
            InputError, Unchanged: see `Download`.
        """
