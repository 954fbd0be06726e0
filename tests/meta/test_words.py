"""What does not belong into any file: unfinished work, and places on somebody's machine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.services import CHECKOUT

ROOTS = ("monitor", "tests", "scripts", "benchmarks", "docs", "config", "deploy", "grafana", "requirements", ".ci")
TEXTS = {".py", ".md", ".toml", ".sh", ".txt", ".html", ".css", ".js", ".svg", ".yaml", ".yml", ".ini", ""}
FOREIGN = {
    CHECKOUT / "config" / "pools" / "upstream", CHECKOUT / "monitor" / "outputs" / "web" / "static" / "vendored",
}  # fmt: skip
"""Copied word for word."""

UNFINISHED = re.compile(r"\b(TO[D]O|FIX[M]E|XX[X]|HA[C]K)\b")
SOMEBODYS = re.compile(r"""(?:^|[\s"'`=(])/(?:work|root|Users|workspace|home/(?!bitcoin/))(?:/|\b)""")


def files() -> list[Path]:
    """Every file of the project that people write."""
    found = [path for path in CHECKOUT.iterdir() if path.is_file() and path.name != ".git"]  # a worktree's
    for root in ROOTS:
        found += [path for path in (CHECKOUT / root).rglob("*") if path.is_file()]
    return [
        path for path in found
        if path.suffix in TEXTS and "__pycache__" not in path.parts and not FOREIGN & {*path.parents}
    ]  # fmt: skip


@pytest.mark.parametrize("words", [UNFINISHED, SOMEBODYS], ids=["unfinished", "somebody's machine"])
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
