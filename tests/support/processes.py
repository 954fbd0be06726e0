"""Processes of real services, to be paused and continued."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path


def family(pid: int) -> list[int]:
    """A process and all of its descendants."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return []
    return [pid, *(each for child in children for each in family(int(child)))]


def pause(pid: int) -> None:
    """Stop it and its descendants, as a machine that stands still."""
    _send(pid, signal.SIGSTOP)


def resume(pid: int) -> None:
    """Continue them."""
    _send(pid, signal.SIGCONT)


def _send(pid: int, number: int) -> None:
    for each in family(pid):
        with suppress(ProcessLookupError):
            os.kill(each, number)
