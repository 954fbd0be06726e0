"""Hugging Face Hub: downloads of the last 30 days, of the repositories with most of them."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import ClassVar, Final

from monitor.economy.entities import name_key, one_spelling
from monitor.economy.sources.source import Download
from monitor.economy.sources.tables import LARGEST
from monitor.errors import InputError
from monitor.model import UNATTRIBUTED, Layer, Observation

_PAGES: Final = 5
_PAGE_SIZE: Final = 1000
_MOST_BYTES: Final = 4 * 2**20
_LEAST_AUTHORS: Final = 20
_NAMED: Final = 500
"""Uploaders that keep their names. The others have so little that an edition need not have thousands of rows."""
_QUERY: Final = f"sort=downloads&limit={_PAGE_SIZE}&expand[]=downloads&expand[]=author"


@dataclass(frozen=True)
class HuggingFace:
    """The source. No edition comes with the program: no licence of its metadata is known."""

    base: str = "https://huggingface.co"

    name: ClassVar[str] = "huggingface"
    title: ClassVar[str] = "Hugging Face Hub, downloads"
    url: ClassVar[str] = "https://huggingface.co/models?sort=downloads"
    licence: ClassVar[str] = "none stated for the metadata"
    files: ClassVar[str] = "the first page of JSON of the Hugging Face API"
    columns: ClassVar[Collection[str]] = ("id", "author", "downloads")
    replaces_all: ClassVar[bool] = False
    every_days: ClassVar[int] = 7  # counts of 30 days overlap, so the series has a point a week

    def attribution(self, as_of: date) -> str:
        """Where the figures are from."""
        return f"Source: Hugging Face Hub (huggingface.co/models), downloads of 30 days, as of {as_of}."

    def read(self, files: Sequence[bytes], as_of: date) -> list[Observation]:
        """The downloads of the largest authors, and of all others as the remainder, on the day of the edition.

        Raises:
            InputError: it means something else than the known editions.
        """
        downloads, spelling = dict[str, tuple[str, int]](), one_spelling()
        try:
            for page in files:
                for row in json.loads(page):
                    name = str(row["id"])
                    author = spelling(str(row.get("author") or name.partition("/")[0]))
                    many = row["downloads"]
                    if isinstance(many, bool) or not isinstance(many, int) or not 0 <= many < LARGEST:
                        raise InputError(f"{self.title}: {many!r:.40} of {name:.80} is not a number of downloads")
                    downloads[name_key(name)] = author, many  # a repository that moved between pages counts once
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise InputError(
                f"{self.title}: a page is not the known JSON: a list of rows with id and downloads"
            ) from None
        authors = Counter[str]()
        for author, many in downloads.values():
            authors[author] += many
        if len(authors) < _LEAST_AUTHORS:
            raise InputError(f"{self.title} has {len(authors)} authors: it is cut off")
        ranked = sorted(authors.items(), key=lambda item: (-item[1], item[0]))
        rest = UNATTRIBUTED, sum(many for _, many in ranked[_NAMED:])
        return [
            Observation(Layer.OPEN_WEIGHTS, as_of, author, weight=float(many))
            for author, many in (*ranked[:_NAMED], *([rest] if rest[1] else []))
        ]

    async def fetch(self, download: Download) -> tuple[bytes, ...]:
        """The pages. The place of the next one is only taken from the link, not its address.

        Raises:
            InputError, Unchanged: see `Download`.
        """
        pages = list[bytes]()
        url = f"{self.base}/api/models?{_QUERY}"
        for _ in range(_PAGES):
            found = await download(url, most=_MOST_BYTES)
            pages.append(found.body)
            link = re.search(r"<[^>]*[?&]cursor=([A-Za-z0-9%_=.-]+)[^>]*>; *rel=\"next\"", found.link)
            if link is None:
                break
            url = f"{self.base}/api/models?{_QUERY}&cursor={link[1]}"
        return tuple(pages)
