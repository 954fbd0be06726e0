"""The terms of the glossary as the pages explain them: docs/glossary.md is the one source."""

from __future__ import annotations

import json
import re
from pathlib import Path

_GLOSSARY = Path(__file__).resolve().parents[2] / "docs" / "glossary.md"
_TERM = re.compile(r"\*\*(.+?)\*\*(.*)", re.DOTALL)
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def page() -> str:
    """Each term with its text, in the order of the glossary, as JSON."""
    found = {}
    for paragraph in _GLOSSARY.read_text("utf-8").split("\n\n"):
        if match := _TERM.match(paragraph):
            name, text = match[1].rstrip("."), " ".join(match[2].split())
            plain = re.sub(r"[`*]", "", _LINK.sub(r"\1", text)).lstrip(":, ")
            found[name] = re.sub(r"^\([^)]*\)[.:,]? *", "", plain)
    return json.dumps(found, ensure_ascii=False, indent=1) + "\n"
