"""Compares the locks with an export of advisories, without a network.

    .venv/bin/python scripts/advisories.py EXPORT

The export is a zip file, or a folder, of JSON files in the format of OSV (https://ossf.github.io/osv-schema/). Each
locked version that an advisory affects is printed. Exit status 1 if there is one.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

LOCKS = Path(__file__).resolve().parent.parent / "requirements"


def main(export: Path) -> int:
    """Print what is affected."""
    versions = locked()
    read, found = 0, 0
    for advisory in advisories(export):
        read += 1
        for name, version in affected(advisory, versions):
            found += 1
            print(f"{name} {version}: {advisory['id']} {advisory.get('summary', '')}".rstrip())
    print(f"advisories: {found} for {len(versions)} locked versions, of {read} in {export.name}")
    return int(found > 0 or read == 0)


def locked() -> set[tuple[str, str]]:
    """Name and version of every package in a lock."""
    texts = (path.read_text("utf-8") for path in LOCKS.glob("*.txt"))
    pairs = (pair for text in texts for pair in re.findall(r"^([a-z0-9_.-]+)==([^\s;\\]+)", text, re.MULTILINE))
    return {(canonicalize_name(name), version) for name, version in pairs}


def advisories(export: Path) -> Iterator[dict[str, Any]]:
    """Each advisory that is not withdrawn."""
    if export.is_dir():
        texts: Iterator[bytes] = (path.read_bytes() for path in sorted(export.rglob("*.json")))
    else:
        archive = zipfile.ZipFile(export)
        texts = (archive.read(name) for name in archive.namelist() if name.endswith(".json"))
    for text in texts:
        advisory = json.loads(text)
        if "withdrawn" not in advisory:
            yield advisory


def affected(advisory: dict[str, Any], versions: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Which of the versions an advisory is about: those that it lists, and those within its ranges."""
    found = set()
    for part in advisory.get("affected", ()):
        package = part.get("package", {})
        if package.get("ecosystem") != "PyPI":
            continue
        for name, version in versions:
            if name == canonicalize_name(package["name"]) and (
                version in part.get("versions", ())
                or any(within(each, version) for each in part.get("ranges", ()) if each["type"] == "ECOSYSTEM")
            ):
                found.add((name, version))
    return found


def within(span: dict[str, Any], version: str) -> bool:
    """Whether a version is in a range, by the events of the range in order."""
    inside = False
    ours = Version(version)
    for event in span["events"]:
        ((kind, at),) = event.items()
        try:
            reached = at == "0" or ours >= Version(at)
            passed = kind == "last_affected" and ours > Version(at)
        except InvalidVersion:
            continue
        if kind == "introduced":
            inside |= reached
        elif (kind == "fixed" and reached) or passed:
            inside = False
    return inside


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1])))
