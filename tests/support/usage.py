"""What a process holds: memory, descriptors, threads."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from support.processes import family


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process and its descendants hold now."""

    rss: int
    """Bytes, as the next one."""
    pss: int
    descriptors: int
    """Of the process alone, as the following ones."""
    connections: int
    threads: int


def usage(pid: int) -> Usage:
    """Look at a process."""
    pids = family(pid)
    links = _open_files(pid)
    return Usage(
        rss=sum(_bytes(each, "Rss") for each in pids),
        pss=sum(_bytes(each, "Pss") for each in pids),
        descriptors=len(links),
        connections=sum(each.startswith("socket:") for each in links),
        threads=sum(1 for _ in Path(f"/proc/{pid}/task").iterdir()),
    )


def _open_files(pid: int) -> list[str]:
    found = []
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed meanwhile
            found.append(str(each.readlink()))
    return found


def _bytes(pid: int, what: str) -> int:
    """A size from `smaps_rollup`; 0 of a process that has ended."""
    with suppress(FileNotFoundError, ProcessLookupError):
        found = re.search(rf"^{what}:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
        return int(found[1]) * 1024 if found else 0
    return 0
