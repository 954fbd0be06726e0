"""Completes dist/ for a release: list of components (SBOM), release notes, locks, and checksums of everything.

    .venv/bin/python scripts/release.py

The list is made by cyclonedx-py from an environment in which the wheel and the locked libraries of every extra are
installed, and compared with the lock. Exit status 1 if they differ, or a step fails.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

CHECKOUT = Path(__file__).resolve().parent.parent
DIST = CHECKOUT / "dist"
LOCKS = CHECKOUT / "requirements"
UV = Path(sys.executable).with_name("uv")
SUMS = "SHA256SUMS"


def main() -> int:
    """Write what belongs to a release beside the packages."""
    (wheel,) = DIST.glob("*.whl")
    version = wheel.name.split("-")[1]
    list_file = DIST / f"pool-monitor-{version}.cdx.json"
    with tempfile.TemporaryDirectory() as folder:
        installed = new_environment(Path(folder) / "installed")
        install(installed, "--build-constraints", LOCKS / "build.txt", "--requirement", LOCKS / "all.txt")
        install(installed, "--no-deps", wheel)
        list_file.write_text(components(installed, Path(folder) / "cyclonedx"), "utf-8")
    if problems := differences(json.loads(list_file.read_text("utf-8")), "all"):
        print(*problems, sep="\n", file=sys.stderr)
        return 1
    (DIST / "RELEASE_NOTES.md").write_text(notes((CHECKOUT / "CHANGELOG.md").read_text("utf-8"), version), "utf-8")
    for lock in ("build", "run", "service", "all"):
        shutil.copy(LOCKS / f"{lock}.txt", DIST / f"requirements-{lock}.txt")
    (DIST / SUMS).write_text(checksums(), "utf-8")
    print(f"release: {version}, {len(checksums().splitlines())} files, checked by `sha256sum --check {SUMS}` in dist/")
    return 0


def components(environment: Path, tools: Path) -> str:
    """What is installed in an environment, as CycloneDX, by the tool that requirements/release.txt locks."""
    install(new_environment(tools), "--requirement", LOCKS / "release.txt")
    command = (
        tools / "bin" / "cyclonedx-py", "environment", "--pyproject", CHECKOUT / "pyproject.toml", "--mc-type",
        "application", "--spec-version", "1.6", "--output-reproducible", "--validate", environment / "bin" / "python",
    )  # fmt: skip
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def differences(bom: Any, lock: str) -> list[str]:  # noqa: ANN401 -- JSON is whatever it is
    """Where a list of components is not what a lock says, one sentence each."""
    listed: dict[str, str] = {canonicalize_name(each["name"]): each["version"] for each in bom["components"]}
    wanted = locked(lock)
    return [
        *(f"{name} {version} is locked, and not in the list" for name, version in wanted.items() if name not in listed),
        *(
            f"{name} is listed as {listed[name]}, and locked as {version}"
            for name, version in wanted.items()
            if name in listed and listed[name] != version
        ),
        *(f"{name} is in the list, and not locked" for name in listed if name not in {*wanted, "pool-monitor"}),
    ]


def locked(lock: str) -> dict[str, str]:
    """Versions of the packages of a lock that are installed on this system and Python, by name."""
    text = (LOCKS / f"{lock}.txt").read_text("utf-8")
    entries = map(Requirement, re.findall(r"^([a-z0-9][^\\\n]*==[^\\\n]*)", text, re.MULTILINE))
    return {
        canonicalize_name(each.name): str(each.specifier).removeprefix("==")
        for each in entries
        if each.marker is None or each.marker.evaluate()
    }


def notes(changelog: str, version: str) -> str:
    """The section of a version, without links into the repository; before it has one, what is not released yet."""
    sections = dict(re.findall(r"^## \[?(\w[\w.]*)\]?[^\n]*\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL))
    title = version if version in sections else "Unreleased"
    plain = re.sub(r"\[([^\]]+)\]\((?![a-z]+:)[^)]+\)", r"\1", sections[title])
    return f"# pool-monitor {version}{'' if title == version else ' (not released)'}\n\n{plain.strip()}\n"


def checksums() -> str:
    """A line for each file of dist/, as sha256sum writes it."""
    files = sorted(path for path in DIST.iterdir() if path.name != SUMS)
    return "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files)


def new_environment(folder: Path) -> Path:
    """An empty environment of this Python."""
    run(UV, "venv", "--quiet", "--no-project", "--python", Path(sys.executable).resolve(), folder)
    return folder


def install(environment: Path, *what: str | Path) -> None:
    """Install into it; what is locked, by its hashes."""
    hashed = ("--require-hashes",) if "--requirement" in what else ()
    run(UV, "pip", "install", "--quiet", "--system-certs", "--python", environment / "bin" / "python", *hashed, *what)


def run(*command: str | Path) -> None:
    """A step; where it fails it has said why."""
    subprocess.run(command, check=True, cwd=CHECKOUT, env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"})


if __name__ == "__main__":
    if len(sys.argv) != 1:
        sys.exit(__doc__)
    sys.exit(main())
