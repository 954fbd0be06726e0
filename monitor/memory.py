"""Settings of the C library's memory allocator."""

from __future__ import annotations

import ctypes
from contextlib import suppress

_TRIM_THRESHOLD, _ARENA_MAX = -1, -8  # malloc.h
_KEEP_BYTES = 131_072


def return_freed_memory() -> None:
    """Have glibc return freed memory to the system: by default it keeps 25 MB after a few estimates.

    Other C libraries have no such setting and are left as they are.
    """
    with suppress(AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_ARENA_MAX, 1)
        mallopt(_TRIM_THRESHOLD, _KEEP_BYTES)
