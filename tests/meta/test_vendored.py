"""What the page has from others is what was fetched, comes with its licence, and is small."""

from __future__ import annotations

import hashlib
import tomllib

from support.services import CHECKOUT

FOLDER = CHECKOUT / "monitor" / "outputs" / "web" / "pages" / "static" / "vendored"
RECORD = tomllib.loads((FOLDER / "vendored.toml").read_text("utf-8"))
PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))["project"]
MOST_BYTES = 200_000


def test_every_file_is_as_it_was_recorded() -> None:
    recorded = {name: digest for library in RECORD.values() for name, digest in library["sha256"].items()}
    files = {path.name: path.read_bytes() for path in FOLDER.iterdir() if path.name != "vendored.toml"}

    assert {name: hashlib.sha256(content).hexdigest() for name, content in files.items()} == recorded
    assert sum(map(len, files.values())) < MOST_BYTES


def test_every_library_comes_with_its_licence() -> None:
    for name, library in RECORD.items():
        licence = next(FOLDER / file for file in library["sha256"] if file.lower() == f"license.{name}")

        assert "MIT" in licence.read_text("utf-8")
        assert str(licence.relative_to(CHECKOUT)) in PROJECT["license-files"]
