"""The command `pool-monitor`: expected errors are printed to standard error as one sentence, with their exit code."""

from __future__ import annotations

import os
import sys

from monitor.errors import Exit, PoolMonitorError


def main() -> None:
    """Run the command line."""
    # Otherwise numpy starts a thread for each core when it is loaded, and aborts if the limit of threads
    # (TasksMax=) is reached. Nothing here multiplies matrices. Child processes inherit the setting.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from monitor.cli.main import cli  # noqa: PLC0415 -- a failing import is reported as a sentence too

    try:
        cli()
    except PoolMonitorError as error:
        print(f"pool-monitor: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(Exit.STOPPED)
    except BrokenPipeError:  # the reader of the output has closed it, as `head` does
        sys.stderr.close()
        sys.exit(Exit.STOPPED)


if __name__ == "__main__":
    main()
