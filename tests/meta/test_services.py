"""`make services` finds a program's libraries wherever its packages put them."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
from support.services import CHECKOUT

COMMON = Path("suite/usr/lib/some-linux-gnu")
PRIVATE = COMMON / "of-a-package"
SHELL = ("shell", "suite", "package", "usr/bin/shell")


@pytest.fixture
def machine() -> dict[str, Path]:
    """The machine's own shell, the library that it asks for, and the loader."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("only Debian and its children can run Debian's packages")
    shell = Path("/bin/sh")
    listed = subprocess.run(["ldd", shell], capture_output=True, text=True, check=True).stdout
    libc, loader = (re.findall(rf"/\S*/{name}\S*", listed)[0] for name in (r"libc\.so\.6", "ld-linux"))
    return {"shell": shell, "library": Path(libc), "loader": Path(loader)}


@pytest.fixture
def services(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, machine: dict[str, Path]) -> ModuleType:
    """The script, with a home of its own. A shell is unpacked there that asks for a library that no machine has."""
    monkeypatch.setattr(sys, "path", [str(CHECKOUT / "scripts"), *sys.path])
    script = import_module("services")
    monkeypatch.setattr(script, "HOME", tmp_path)
    for folder in (Path("suite/usr/bin"), PRIVATE / "plugins"):
        (tmp_path / folder).mkdir(parents=True)
    shell = tmp_path / "suite/usr/bin/shell"
    shell.write_bytes(machine["shell"].read_bytes().replace(b"libc.so.6", b"libc.so.x"))
    shell.chmod(0o755)
    shutil.copy(machine["loader"], tmp_path / COMMON)
    shutil.copy(machine["library"], tmp_path / PRIVATE / "plugins" / "nobody-asks.so")
    return script


@pytest.fixture(params=["the machine's loader", "a loader of its own"])
def loader(request: pytest.FixtureRequest, tmp_path: Path, machine: dict[str, Path]) -> Path | None:
    return tmp_path / COMMON / machine["loader"].name if request.param == "a loader of its own" else None


@pytest.fixture
def library(machine: dict[str, Path]) -> Path:
    return machine["library"]


def test_a_library_in_a_folder_of_its_package_is_found(
    services: ModuleType, loader: Path | None, library: Path, tmp_path: Path
) -> None:
    shell = services.AppriseReceiver(*SHELL)
    shutil.copy(library, tmp_path / PRIVATE / "libc.so.x")

    folders, lacks = services.libraries(shell, loader)
    services.write_command(shell, loader, folders)

    assert lacks == ""
    assert folders == [tmp_path / COMMON, tmp_path / PRIVATE]
    assert subprocess.check_output([shell.ours, "-c", "echo it runs"], text=True) == "it runs\n"


def test_a_common_library_comes_first(services: ModuleType, loader: Path | None, library: Path, tmp_path: Path) -> None:
    for folder in (PRIVATE, COMMON):
        shutil.copy(library, tmp_path / folder / "libc.so.x")

    assert services.libraries(services.AppriseReceiver(*SHELL), loader) == ([tmp_path / COMMON], "")


def test_a_library_that_is_nowhere_is_named(services: ModuleType, loader: Path | None) -> None:
    _, lacks = services.libraries(services.AppriseReceiver(*SHELL), loader)

    assert lacks == "libc.so.x => not found"
