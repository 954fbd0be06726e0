"""Starts the demo of an installed program and asks its health check: the last step of every trial of a package."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PORT = "8347"
PATIENCE_SECONDS = 300
_ASK = f"import urllib.request; urllib.request.urlopen('http://127.0.0.1:{PORT}/healthz', timeout=4)"


def demo(
    program: str | Path, variables: Mapping[str, str], *, check: Sequence[str] = (sys.executable, "-c", _ASK)
) -> int:
    """Run the demo until it is healthy, then stop it.

    Args:
        program: the command `pool-monitor` of the installation.
        variables: its environment.
        check: the health check; the usual port in it is replaced by that of the demo.

    Returns:
        The exit status of the demo; 1 if it was not healthy within five minutes.
    """
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [program, "demo", "--port", "0"], cwd=folder, env={**variables, "PYTHONUNBUFFERED": "1"},
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            assert process.stdout
            address = re.compile(r"Open http://127\.0\.0\.1:(\d+)")
            port = next((found[1] for line in process.stdout if (found := address.search(line))), "")
            if not port:
                print("the demo ended before it listened", file=sys.stderr)
                return 1
            deadline = time.monotonic() + PATIENCE_SECONDS
            asked = [word.replace(PORT, port) for word in check]
            while subprocess.run(asked, env=variables, capture_output=True, check=False).returncode:
                if time.monotonic() > deadline:
                    print("the demo is not healthy", file=sys.stderr)
                    return 1
                time.sleep(0.5)
            print("the demo is healthy")
        finally:
            process.terminate()
            status = process.wait(20)
        return status


def plain() -> dict[str, str]:
    """The environment of this process, without what would lead a program to the checkout or to settings of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("POOL_MONITOR_", "PYTHON"))}
