"""All commands, from their help texts."""

from __future__ import annotations

import subprocess
import sys


def page() -> str:
    """The page, by typer's generator."""
    command = [sys.executable, "-m", "typer", "monitor.cli.main", "utils", "docs", "--name", "pool-monitor"]
    done = subprocess.run([*command, "--title", "Commands"], check=True, capture_output=True, text=True)
    return f"{done.stdout.strip()}\n\nMeaning of the exit status: [runbook](runbook.md#exit-status).\n"
