"""The command `pool-monitor`: errors meant for people go to standard error as a sentence, with their exit code."""

from __future__ import annotations

import os
import sys

from monitor.errors import Exit, PoolMonitorError


def main() -> None:
    """Run the command line."""
    # Otherwise numpy starts a thread for each core when it is loaded, and ends the process where one is
    # refused (TasksMax=). Nothing here multiplies matrices. The processes that we start inherit it.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from monitor.cli.main import cli  # noqa: PLC0415 -- so that even an import that fails is told in a sentence

    try:
        cli()
    except PoolMonitorError as error:
        print(f"pool-monitor: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(Exit.STOPPED)
    except BrokenPipeError:  # the reader of our output went away, as `head` does
        sys.stderr.close()
        sys.exit(Exit.STOPPED)


if __name__ == "__main__":
    main()
