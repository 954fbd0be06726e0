"""Debian packages without root: fetched into a private apt state, unpacked into a folder, nothing installed.

In: package names and a suite. Out: a folder with their files. Mirror and trust are the machine's own: the mirror is the
one that its apt uses, with only the suite replaced, and apt checks the signatures as ever.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

KEYRINGS = (
    Path("/usr/share/keyrings/debian-archive-keyring.pgp"),
    Path("/usr/share/keyrings/debian-archive-keyring.gpg"),
)


class Unavailable(Exception):  # noqa: N818 -- a state of the world: the machine or its mirror does not have it
    """What was asked for cannot be had here. The message is one sentence for people."""


class Suite:
    """One suite of the Debian archive, read through an apt whose whole state lives in `state`."""

    def __init__(self, name: str, state: Path) -> None:
        for tool in ("apt-get", "apt-cache", "dpkg-deb"):
            if shutil.which(tool) is None:
                raise Unavailable(f"this machine has no {tool}: only Debian and its children can fetch Debian packages")
        self._archives = state / "archives"
        for folder in (state / "lists" / "partial", self._archives):
            folder.mkdir(parents=True, exist_ok=True)
        (state / "status").touch()  # an empty one: apt must not count what the machine has installed
        (state / "sources.list").write_text(f"deb {_trust()}{mirror()} {name} main\n")
        settings = {
            "Dir::Etc::SourceList": state / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
            "Dir::State": state,
            "Dir::State::Lists": state / "lists",
            "Dir::State::Status": state / "status",
            "Dir::Cache": state,
            "Dir::Cache::pkgcache": "",  # no use to a second run a month later
            "Dir::Cache::srcpkgcache": "",
            "Acquire::GzipIndexes": "true",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
            "APT::Update::Error-Mode": "any",
            "APT::Sandbox::User": "root",  # it is our folder: the user apt drops to could not write there
        }
        self._options = [part for key, value in settings.items() for part in ("-o", f"{key}={value}")]
        self._run("apt-get", "--quiet=2", "update")

    def libraries(self, packages: list[str]) -> list[str]:
        """`packages` and every library package they need, directly or not.

        Only libraries: what makes a package a service of the machine (users, init scripts, configuration) is not
        wanted in a folder. Of alternatives the first is taken. A package that only names the one with the program, as
        `postgresql` names that of the newest version, leads to that one.
        """
        known: set[str] = set()
        frontier = set(packages)
        versioned = re.compile(rf"({'|'.join(map(re.escape, packages))})(-client)?-\d+")
        while frontier:
            known |= frontier
            needs = _first_alternatives(self._run("apt-cache", "depends", *sorted(frontier)))
            frontier = {each for each in needs if each.startswith(("lib", "zlib")) or versioned.fullmatch(each)} - known
        return sorted(known)

    def unpack(self, packages: list[str], into: Path) -> None:
        """Download the packages and unpack their files into a folder."""
        self._run("apt-get", "--quiet=2", "download", *packages)
        into.mkdir(parents=True, exist_ok=True)
        for archive in sorted(self._archives.glob("*.deb")):
            _call(["dpkg-deb", "--extract", str(archive), str(into)], self._archives)
            archive.unlink()

    def _run(self, program: str, *arguments: str) -> str:
        return _call([program, *self._options, *arguments], self._archives)


def _first_alternatives(depends: str) -> Iterator[str]:
    """The packages that `apt-cache depends` says are needed. A bar says that the next line is an alternative."""
    alternative = False
    for line in depends.splitlines():
        if found := re.match(r" ([ |])(?:Pre)?Depends: (\S+)", line):
            if not alternative:
                yield found[2]
            alternative = found[1] == "|"


def mirror() -> str:
    """Where the machine's own apt gets Debian from."""
    targets = ["apt-get", "indextargets", "--format", "$(RELEASE) $(COMPONENT) $(REPO_URI)", "Created-By: Packages"]
    release = re.search(r'^VERSION_CODENAME="?(\w+)', Path("/etc/os-release").read_text(), re.MULTILINE)
    wanted = {"stable", "testing", "unstable", "sid"} | ({release[1]} if release else set())
    for line in _call(targets, Path("/")).splitlines():
        suite, component, address = line.split(maxsplit=2)
        if suite in wanted and component == "main" and not address.startswith("cdrom:"):
            return address
    raise Unavailable("apt has no source for Debian's main archive: add the Debian mirror to /etc/apt/sources.list")


def _trust() -> str:
    """The whole archive's keys where the machine has them: a source's own may be those of its release only."""
    return next((f"[signed-by={path}] " for path in KEYRINGS if path.exists()), "")


def _call(command: list[str], folder: Path) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode:
        errors = [line for line in done.stderr.splitlines() if line.startswith(("E:", "dpkg-deb: error:"))]
        raise Unavailable(f"{command[0]} failed: {errors[0] if errors else f'exit status {done.returncode}'}")
    return done.stdout
