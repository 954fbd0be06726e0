"""Builds the documentation site; a dead link or anchor is an error.

    .venv/.site/bin/python scripts/documentation.py [FOLDER]     into FOLDER/site; FOLDER is build, if none is given

The pages are copied beside each other as they are in the checkout, so that their links work; of other files those that
a page links to. docs/README.md is the navigation: a tab for each of its headings.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
HOME, INDEX = "README.md", "docs/README.md"
_PROJECT = ("CHANGELOG.md", "CONTRIBUTING.md")
_LINK = re.compile(r"\]\(([^)#\s:]+)[^)\s]*\)")
_ROW = re.compile(r"^\| \[([^\]]+)\]\(([^)]+)\)\*? \| ([^|]*)", re.MULTILINE)


def main(folder: Path) -> int:
    """Copy the pages, write the navigation, and build."""
    pages = folder / "pages"
    shutil.rmtree(pages, ignore_errors=True)
    for name in sources():
        (pages / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(CHECKOUT / name, pages / name)
    file = folder / "mkdocs.yml"
    ours = {"docs_dir": "pages", "site_dir": "site", "nav": navigation()}
    file.write_text(json.dumps({"INHERIT": str(CHECKOUT / "mkdocs.yml"), **ours}))
    build = [sys.executable, "-m", "zensical", "build", "--strict", "--config-file", str(file)]
    return subprocess.run(build, check=False).returncode


def sources() -> Iterator[str]:
    """The files of the site, by their path in the checkout."""
    docs = (path for path in (CHECKOUT / "docs").rglob("*") if path.is_file())
    found = {HOME, *_PROJECT, *(str(path.relative_to(CHECKOUT)) for path in docs)}
    waiting = sorted(found)
    while waiting:
        page = waiting.pop()
        yield page
        linked = _linked(page) - found if page.endswith(".md") else set()
        found |= linked
        waiting += sorted(linked)


def navigation() -> list[dict[str, object]]:
    """The tabs, each with the pages of its table."""
    parts = re.split(r"^## (.*)$", (CHECKOUT / INDEX).read_text("utf-8"), flags=re.MULTILINE)
    tabs: list[dict[str, object]] = [{"Overview": [HOME, {"All pages": INDEX}]}]
    return tabs + [{title: _pages(text)} for title, text in zip(parts[1::2], parts[2::2], strict=True)]


def _pages(text: str) -> Sequence[dict[str, str]]:
    """The pages of a table, called by the first column; a decision, which has a number there, by number and title."""
    return [
        {f"{name}. {about.strip()}".replace("`", "") if name.isdigit() else name: _resolved(INDEX, target)}
        for name, target, about in _ROW.findall(text)
    ]


def _linked(page: str) -> set[str]:
    """The files that a page has links to."""
    text = re.sub(r"^ *```.*?^ *```", "", (CHECKOUT / page).read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    targets = {_resolved(page, target) for target in _LINK.findall(text)}
    return {target for target in targets if (CHECKOUT / target).is_file()}


def _resolved(page: str, target: str) -> str:
    """The path in the checkout that a link of a page leads to."""
    return str((CHECKOUT / page).parent.joinpath(target).resolve().relative_to(CHECKOUT))


if __name__ == "__main__":
    sys.exit(main(Path(*sys.argv[1:] or ["build"]).resolve()))
