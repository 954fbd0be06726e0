"""A disk that can be full."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Self


class Disk:
    """A folder with a small file system of its own, where mounting is allowed, as it is to root.

    Elsewhere it is an ordinary folder, and on a full disk processes cannot make any file longer than the longest in it:
    they see EFBIG instead of ENOSPC, and a process that is started later has the room.
    """

    def __init__(self, folder: Path, *, megabytes: int) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"
        folder.mkdir(parents=True, exist_ok=True)
        mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "tmpfs", str(folder)]
        self.is_mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
        self._limited: list[int] = []

    def fill(self, processes: Iterable[int]) -> None:
        """Leave no room to these processes."""
        if self.is_mounted:
            with suppress(OSError), self._ballast.open("wb", 0) as file:
                while True:
                    file.write(bytes(1 << 16))
        else:
            longest = max((file.stat().st_size for file in self.folder.iterdir() if file.is_file()), default=0)
            self._limited = [*processes]
            self._limit(longest)

    def clear(self) -> None:
        """Give the room back."""
        self._ballast.unlink(missing_ok=True)
        self._limit(resource.RLIM_INFINITY)
        self._limited = []

    def _limit(self, size: int) -> None:
        for process in self._limited:
            with suppress(ProcessLookupError):
                resource.prlimit(process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.is_mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], check=True)
