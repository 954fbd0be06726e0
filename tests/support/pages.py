"""The pages of the documentation, and what stands in their code blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from support.services import CHECKOUT

PAGES = sorted([CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *(CHECKOUT / "docs").rglob("*.md")])


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code."""

    language: str
    text: str


def blocks(page: Path) -> Iterator[Block]:
    """Every block of a page, in its order, without the indentation that it has as a whole."""
    language, lines, margin = None, list[str](), 0
    for line in page.read_text("utf-8").splitlines():
        fence = re.match(r"( *)```(\w*) *$", line)
        if fence and language is None:
            language, lines, margin = fence[2], [], len(fence[1])
        elif fence:
            yield Block(language or "", "\n".join(lines))
            language = None
        elif language is not None:
            lines.append(line[margin:] if not line[:margin].strip() else line)


def commands(page: Path) -> list[str]:
    """What a page tells people to type in a shell: each whole command, without a comment behind it."""
    found = []
    for block in blocks(page):
        if block.language == "sh":
            joined = block.text.replace("\\\n", " ")
            found += [line.partition(" #")[0].strip() for line in joined.splitlines()]
    return [command for command in found if command and not command.startswith("#")]
