"""What to do about each alert, as the page /runbook shows it: docs/runbook.md is the one source."""

from __future__ import annotations

import json
import re
from pathlib import Path

_RUNBOOK = Path(__file__).resolve().parents[2] / "docs" / "runbook.md"
_SECTION = re.compile(r"^### (\w+)\n\n(.+?)(?=\n##|\Z)", re.MULTILINE | re.DOTALL)
_PART = re.compile(r"\*\*(Meaning|Certainty|Check)\*\* ")
_LINK = re.compile(r"\[([^\]]*)\]\([^)]*\)")


def page() -> str:
    """The parts of each section by the name of its rule, in the order of the runbook, as JSON; names in backticks."""
    found = {}
    for rule, text in _SECTION.findall(_RUNBOOK.read_text("utf-8")):
        plain = re.sub(r"\*(?!\*)", "", _LINK.sub(r"\1", " ".join(text.split())).replace("**", "\0"))
        parts = _PART.split(plain.replace("\0", "**"))[1:]
        found[rule] = {
            name: body.strip()[:1].upper() + body.strip()[1:]
            for name, body in zip(parts[::2], parts[1::2], strict=True)
        }
    return json.dumps({rule: parts for rule, parts in found.items() if parts}, ensure_ascii=False, indent=1) + "\n"
