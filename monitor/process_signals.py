"""Signals of a daemon, received from its first moment to its last.

The interpreter runs a handler between two instructions of the main thread, which may be in a library for seconds. So
the signals are read from a pipe (`signal.set_wakeup_fd`) by a thread: SIGTERM and SIGINT end the process in time,
whatever the main thread does. Before the daemon listens to them, nothing is open, and they end it at once; the other
signals do nothing then. Until this module is imported they have their default effect, so it imports little: `typing`
alone would take as long.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial

STOP_SECONDS = 4.0
"""Time for an orderly end after a request to stop; then the process ends, with exit code 0. What is stored is complete
at any moment, so nothing is lost."""
_STOP = (signal.SIGINT, signal.SIGTERM)
_HANDLED = (*_STOP, signal.SIGHUP, signal.SIGUSR1)
_STOPPED = 0
"""`Exit.STOPPED`, without its imports."""

_actions: dict[int, Callable[[], object]] = {}
"""By signal: signals are those of the process, and so is this."""


def listen(number: int, action: Callable[[], object]) -> None:
    """Have the running event loop call `action` at each such signal, instead of an earlier action."""
    import asyncio  # noqa: PLC0415 -- slow

    _actions[number] = partial(asyncio.get_running_loop().call_soon_threadsafe, action)


@contextmanager
def received() -> Iterator[None]:
    """Receive the signals of a daemon; only on the main thread."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    # Not SIG_IGN, which child processes would inherit.
    before = {number: signal.signal(number, lambda *_: None) for number in _HANDLED}
    descriptor = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    threading.Thread(target=_read, args=(reader,), name="signals", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(descriptor)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(writer)


def _read(reader: int) -> None:
    stopping = False
    while received := os.read(reader, 1):
        number = received[0]
        if number in _STOP and not stopping:
            stopping = True
            _stop_in_time(at_once=number not in _actions)
        if number in _actions:
            with suppress(RuntimeError):  # the loop has ended already
                _actions[number]()
    os.close(reader)


def _stop_in_time(*, at_once: bool) -> None:
    if at_once:
        os._exit(_STOPPED)
    timer = threading.Timer(STOP_SECONDS, _end)
    timer.daemon = True
    timer.start()


def _end() -> None:
    import structlog  # noqa: PLC0415 -- slow

    structlog.get_logger().warning("stopped without waiting for what was under way", seconds=STOP_SECONDS)
    end_at_once(_STOPPED)


def end_at_once(status: int) -> None:
    """End the process immediately. Log lines that are waiting are written, unless their reader blocks."""
    from monitor.log_writer import writer_of  # noqa: PLC0415 -- slow

    writer_of(2).drain(0.3)
    os._exit(status)
