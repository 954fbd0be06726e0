"""What no file may contain: unfinished work, and paths of one developer's machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from support.services import CHECKOUT

TEXTS = {".py", ".md", ".toml", ".sh", ".txt", ".html", ".css", ".js", ".svg", ".yaml", ".yml", ".ini", ""}
COPIED = {
    CHECKOUT / "config" / "pools" / "upstream",
}
"""Files of other projects, unchanged."""

UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b")
PRIVATE = re.compile(r"""(?:^|[\s"'`=(])/(?:work|root|Users|workspace|home/(?!(?:bitcoin/|user\b)))(?:/|\b)""")


def files() -> list[Path]:
    """Every text file under version control that this project writes."""
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout
    paths = [CHECKOUT / name for name in tracked.split("\0") if name]
    return [path for path in paths if path.suffix in TEXTS and path.is_file() and not COPIED & {*path.parents}]


@pytest.mark.parametrize("words", [UNFINISHED, PRIVATE], ids=["unfinished", "private path"])
def test_no_file_has(words: re.Pattern[str]) -> None:
    hits = [
        f"{path.relative_to(CHECKOUT)}:{number}: {line.strip()[:100]}"
        for path in files()
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if words.search(line)
    ]

    assert not hits


def test_the_search_looks_at_the_files() -> None:
    names = {str(path.relative_to(CHECKOUT)) for path in files()}

    assert {"README.md", "Makefile", "monitor/wire.py", "docs/glossary.md", ".ci/run"} <= names
