"""OpenRouter, daily rankings: tokens of the fifty largest models of each day, and of all others together."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Any, ClassVar, Final

from monitor.economy.entities import name_key, one_spelling
from monitor.economy.sources import tables
from monitor.economy.sources.source import Download
from monitor.errors import InputError
from monitor.model import UNATTRIBUTED, Layer, Observation

_COLUMNS: Final = {"date": ("date",), "model": ("model_permaslug",), "tokens": ("total_tokens",)}
_REST: Final = "other"
_ANONYMOUS: Final = re.compile(r"stealth/|openrouter/[^/]*-(alpha|beta)\b")
"""Models that are tested under a name that hides their author."""
_LEAST_MODELS: Final = 10
_LEAST_OF_USUAL: Final = 0.8
"""A day with fewer models, or with fewer than this share of the median day's, is cut off."""
_EXPORTS: Final = "/api/v1/datasets/exports/rankings-daily/"
_MOST_BYTES: Final = 4 * 2**20
_MANIFEST_BYTES: Final = 65_536


@dataclass(frozen=True)
class OpenRouter:
    """The source."""

    base: str = "https://openrouter.ai"

    name: ClassVar[str] = "openrouter"
    title: ClassVar[str] = "OpenRouter, daily rankings"
    url: ClassVar[str] = "https://openrouter.ai/rankings"
    licence: ClassVar[str] = "CC BY 4.0"
    files: ClassVar[str] = "the CSV or JSON of OpenRouter's daily rankings"
    columns: ClassVar[Collection[str]] = ("date", "model_permaslug", "rank", "total_tokens", "share_of_daily_tokens")
    replaces_all: ClassVar[bool] = False
    every_days: ClassVar[int] = 1

    def attribution(self, as_of: date) -> str:
        """As the publisher asks for it."""
        return f"Source: OpenRouter (openrouter.ai/rankings), as of {as_of}. Licensed under CC BY 4.0."

    def read(self, files: Sequence[bytes], as_of: date) -> list[Observation]:
        """The tokens of each author and complete day, from CSV of the export or JSON of the API.

        Raises:
            InputError: it means something else than the known editions.
        """
        (data,) = files
        found = self._json(data) if data.lstrip()[:1] == b"{" else tables.rows(data, _COLUMNS, origin=self.title)
        days, spelling = defaultdict[date, dict[tuple[str, str], int]](dict), one_spelling()
        for row in found:
            day, model = tables.day(row["date"], origin=self.title), spelling(row["model"])
            count = tables.number(row["tokens"], origin=self.title)
            if count is None:
                raise InputError(f"{self.title}: {model[:80]!r} has no tokens on {day}")
            if day < as_of:  # a day that is not over
                what = f"{self.title}: {model[:80]!r} on {day}"
                tables.put_once(days[day], (self._author(model), model), round(count), what=what)
        self._demand_whole({day: len(models) for day, models in days.items()})
        tokens = Counter[tuple[date, str]]()
        for day, models in days.items():
            for (author, _), count in models.items():
                tokens[day, author] += count
        return [
            Observation(Layer.USAGE, day, author, weight=float(many)) for (day, author), many in sorted(tokens.items())
        ]

    def _demand_whole(self, models: Mapping[date, int]) -> None:
        """Each day has about as many models as usual.

        Raises:
            InputError: one is cut off.
        """
        least = max(_LEAST_MODELS, _LEAST_OF_USUAL * median(models.values())) if models else _LEAST_MODELS
        short = [day for day, many in models.items() if many < least]
        if short or not models:
            what = f"has {models[short[0]]} models on {short[0]}" if short else "has no complete day"
            raise InputError(f"{self.title} {what}: it is cut off")

    def _author(self, model: str) -> str:
        if name_key(model) == _REST or _ANONYMOUS.match(name_key(model)):
            return UNATTRIBUTED
        author, slash, _ = model.partition("/")
        if not slash or not author:
            raise InputError(f"{self.title}: {model[:80]!r} is not a model with an author")
        return author

    def _json(self, data: bytes) -> Iterable[Mapping[str, str]]:
        try:
            rows = json.loads(data)["data"]
            return [
                {"date": str(row["date"]), "model": str(row["model_permaslug"]), "tokens": str(row["total_tokens"])}
                for row in rows
            ]
        except (ValueError, KeyError, TypeError, RecursionError):
            raise InputError(
                f"{self.title} is not the known JSON: in 'data' are no rows with date, model_permaslug and total_tokens"
            ) from None

    async def fetch(self, download: Download) -> tuple[bytes, ...]:
        """The table that the manifest names, with the checksum that it states.

        Raises:
            InputError, Unchanged: see `Download`; or the manifest names a file elsewhere, or another checksum.
        """
        manifest = (await download(f"{self.base}{_EXPORTS}latest.manifest.json", most=_MANIFEST_BYTES)).body
        try:
            described: Any = json.loads(manifest)["files"]["csv"]
            url, checksum = str(described["url"]), str(described["sha256"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise InputError(f"{self.title}: the manifest is not the known JSON") from None
        if not re.fullmatch(re.escape(self.base + _EXPORTS) + r"\d{4}-\d{2}-\d{2}\.csv", url):
            raise InputError(f"{self.title}: the manifest names {url[:200]!r}, which is not a file of the export")
        data = (await download(url, most=_MOST_BYTES)).body
        if hashlib.sha256(data).hexdigest() != checksum:
            raise InputError(f"{self.title}: {url} does not have the checksum that its manifest states")
        return (data,)
