"""What a process does now: where its threads are, and what its tasks wait for. For one that stands still."""

from __future__ import annotations

import asyncio
import faulthandler
import signal
import sys
from types import FrameType


def tell_on(number: signal.Signals) -> None:
    """Print it to standard error whenever this process, of which this is the main thread, gets the signal."""
    signal.signal(number, _tell)


def _tell(_number: int, _frame: FrameType | None) -> None:
    faulthandler.dump_traceback(sys.stderr)
    for task in asyncio.all_tasks(asyncio.get_running_loop()):
        task.print_stack(limit=4, file=sys.stderr)
    sys.stderr.flush()
