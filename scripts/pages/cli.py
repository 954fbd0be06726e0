"""Every command, as its own help says it."""

from __future__ import annotations

import subprocess
import sys


def page() -> str:
    """The page, by typer's own generator."""
    command = [sys.executable, "-m", "typer", "monitor.cli.main", "utils", "docs", "--name", "pool-monitor"]
    done = subprocess.run([*command, "--title", "Commands"], check=True, capture_output=True, text=True)
    return (
        f"{done.stdout.strip()}\n\nWhat an exit status means to a service manager: [runbook](runbook.md#exit-status).\n"
    )
