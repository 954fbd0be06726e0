"""The command `pool-monitor`: expected errors are printed to standard error as one sentence, with their exit code."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack
from io import TextIOWrapper

_DAEMONS = ("run", "demo")


def main() -> None:
    """Run the command line."""
    with ExitStack() as daemon:
        if sys.argv[1:2] and sys.argv[1] in _DAEMONS:
            from monitor import process_signals  # noqa: PLC0415 -- other commands end by their signals

            daemon.enter_context(process_signals.received())
        _main()


def _main() -> None:
    from monitor.errors import Exit, PoolMonitorError, explanations  # noqa: PLC0415 -- slow: signals are received before

    _open_standard_streams()
    # Otherwise numpy starts a thread for each core when it is loaded, and aborts if the limit of threads
    # (TasksMax=) is reached. Nothing here multiplies matrices. Child processes inherit the setting.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from monitor.cli.main import cli  # noqa: PLC0415 -- a failing import is reported as a sentence too

    try:
        cli()
    except (PoolMonitorError, BaseExceptionGroup) as error:
        from monitor import logs  # noqa: PLC0415 -- slow, and usually there

        known = explanations(error)
        if not known:
            raise
        for each in dict.fromkeys(map(str, known)):
            logs.print_error(f"pool-monitor: {each}")
        sys.exit(max(each.exit_code for each in known))
    except KeyboardInterrupt:
        sys.exit(Exit.STOPPED)
    except BrokenPipeError:  # the reader of the output has closed it, as `head` does
        sys.stderr.close()
        sys.exit(Exit.STOPPED)


def _open_standard_streams() -> None:
    """Make them ready for any output.

    Those that are closed are opened: otherwise a database or a socket would get their numbers, and what is printed.
    """
    from monitor.text import ENCODABLE  # noqa: PLC0415 -- as above

    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors=ENCODABLE)  # a terminal with Latin-1 or ASCII has no bars, and not all names


if __name__ == "__main__":
    main()
