"""What is installed is locked by hash: packages of every extra, and what builds ours."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from support.services import CHECKOUT

PROJECT = tomllib.loads((CHECKOUT / "pyproject.toml").read_text("utf-8"))
LOCKS = sorted((CHECKOUT / "requirements").glob("*.txt"))
INSTRUCTIONS = [
    CHECKOUT / "README.md", CHECKOUT / "deploy" / "docker" / "Dockerfile", *sorted((CHECKOUT / "docs").glob("*.md")),
    *sorted((CHECKOUT / "docs" / "how-to").glob("*.md")),
]  # fmt: skip


def locked(name: str) -> set[str]:
    text = (CHECKOUT / "requirements" / f"{name}.txt").read_text("utf-8")
    return set(re.findall(r"^([a-z0-9_.-]+)==", text, re.MULTILINE))


def names(requirements: list[str]) -> set[str]:
    return {re.split(r"[<>=!~;\[ ]", each, maxsplit=1)[0].lower() for each in requirements}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_every_package_of_a_lock_has_a_version_and_hashes(lock: Path) -> None:
    text = re.sub(r"^ *#.*\n", "", lock.read_text("utf-8"), flags=re.MULTILINE)
    for entry in text.replace("\\\n", " ").splitlines():
        if entry.strip():
            assert re.match(r"[a-z0-9_.-]+==\S+( ;.*?)? +--hash=sha256:[0-9a-f]{64}", entry), entry


def test_every_dependency_is_locked() -> None:
    assert names(PROJECT["build-system"]["requires"]) <= locked("build")
    assert names(PROJECT["project"]["dependencies"]) <= locked("run")
    for extra, needs in PROJECT["project"]["optional-dependencies"].items():
        assert names(needs) - {"pool-monitor"} <= locked("all"), extra


@pytest.mark.parametrize("page", INSTRUCTIONS, ids=lambda path: path.stem)
def test_instructions_install_what_is_locked(page: Path) -> None:
    text = page.read_text("utf-8").replace("\\\n", " ")
    for command in re.findall(r"pip (?:install|wheel) [^\n`|&]*", text):
        if "'pool-monitor[" in command:
            continue  # from the package index: docs/security.md says so
        assert "--require-hashes" in command or "--no-deps" in command, command
        builds = ".whl" not in command and "-r requirements/build.txt" not in command
        builds &= "--requirement requirements/build.txt" not in command
        assert not builds or "--no-build-isolation" in command, f"{command}: pip would fetch a builder without hashes"
