"""The terms of the glossary, for help beside numbers and for a page of their own."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "terms.json"
"""Generated from docs/glossary.md."""
_SENTENCE = re.compile(r"(?<=[a-z0-9)%])\. (?=[A-Z0-9])")
_SHORT = 320
"""Letters of a help text, about."""


@dataclass(frozen=True)
class Term:
    """A term with its text."""

    name: str
    text: str

    @property
    def slug(self) -> str:
        """For its address."""
        return re.sub(r"[^a-z0-9]+", "-", self.name.lower()).strip("-")

    @property
    def short(self) -> str:
        """Its first sentences."""
        found = ""
        for sentence in _SENTENCE.split(self.text):
            if found and len(found) + len(sentence) > _SHORT:
                break
            found += f"{sentence.rstrip('.')}. "
        return found.strip()[:1].upper() + found.strip()[1:]


@cache
def terms() -> Mapping[str, Term]:
    """Every term, by its name."""
    return {name: Term(name, text) for name, text in json.loads(_FILE.read_text("utf-8")).items()}
