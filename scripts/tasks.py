"""Times what people come for, in a real browser on a daemon that runs, and prints the table of docs/page.md.

    PYTHONPATH=tests .venv/bin/python scripts/tasks.py http://127.0.0.1:8347

Clicks and page loads are counted. The time of the machine is measured, until the answer is on the screen; that of a
person is a model's: the keystroke-level model for clicks, and four words a second for what is read.
"""

from __future__ import annotations

import asyncio
import sys

from screenshots import chromium
from support.browser import running, tab
from support.tasks import TASKS, done

_PATIENCE = 60_000
"""Milliseconds."""


async def main(base: str) -> None:
    """Do each task in a tab of its own."""
    print("| From the start page | Clicks | Page loads | Machine | Person, by the model |\n|---|---|---|---|---|")
    async with running(chromium()) as browser:
        for task in TASKS:
            async with tab(browser) as opened:
                opened.page.set_default_timeout(_PATIENCE)
                took = await done(task, opened.page, base.rstrip("/"))
                print(
                    f"| {task.name} | {took.clicks} | {took.loads} | {took.machine_seconds:.1f} s "
                    f"| {took.person_seconds:.0f} s |",
                    flush=True,
                )


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
