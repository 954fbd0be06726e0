"""The documentation site has every page, no dead link, and asks no other server for anything."""

from __future__ import annotations

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest
from support.services import CHECKOUT

PYTHON = CHECKOUT / ".venv" / ".site" / "bin" / "python"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not PYTHON.exists():
        pytest.skip("zensical is not installed; `make site` installs it")
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [PYTHON, CHECKOUT / "scripts" / "documentation.py", folder], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return folder / "site"


def test_it_is_built_strictly_and_asks_nobody(built: Path) -> None:
    pages = [*built.rglob("*.html")]
    assert len(pages) > 80
    for page in pages:
        loaded = re.findall(
            r'<(?:script|link|img|iframe)\b[^>]*(?:src|href)="?(?:https?:)?//[^"\s>]*', page.read_text()
        )
        assert loaded == [], page


def test_the_navigation_has_every_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path, str(CHECKOUT / "scripts")])  # last: scripts have names of packages
    documentation = importlib.import_module("documentation")

    pages = {name for name in documentation.sources() if name.endswith(".md")}
    shown = re.findall(r"'([^']+\.md)'", str(documentation.navigation()))

    assert {"README.md", "docs/tutorial.md", "docs/how-to/debian.md"} < pages
    assert sorted(shown) == sorted(pages)
