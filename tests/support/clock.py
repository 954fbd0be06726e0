"""The clock of a daemon under test, which is wrong by as much as a file says, and jumps when that changes.

It is the clock of the calendar (`time.time`). The monotonic clock never jumps, on real machines either.
"""

from __future__ import annotations

import mmap
import struct
import time
from pathlib import Path

_SECONDS = struct.Struct("d")


class Clock:
    """Sets the clock of the daemons that follow its file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.set(0.0)

    def set(self, seconds: float) -> None:
        """Be ahead by so many seconds from now on."""
        with self.file.open("r+b" if self.file.exists() else "w+b") as file:
            file.write(_SECONDS.pack(seconds))


def follow(file: Path) -> None:
    """Set the clock of this process by the file, from now on."""
    with file.open("rb") as opened:
        ahead = mmap.mmap(opened.fileno(), _SECONDS.size, access=mmap.ACCESS_READ)
    right = time.time
    time.time = lambda: right() + _SECONDS.unpack(ahead)[0]
