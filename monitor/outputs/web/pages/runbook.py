"""What to do about each alert, for a page that rules can link to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "runbook.json"
"""Generated from docs/runbook.md."""


@cache
def runbook() -> Mapping[str, Mapping[str, str]]:
    """Meaning, certainty and what to check, by the name of the rule."""
    found: Mapping[str, Mapping[str, str]] = json.loads(_FILE.read_text("utf-8"))
    return found
