"""Draws what `pool-monitor status --watch` shows of a demo: docs/images/status.png.

.venv/bin/python scripts/status_picture.py    needs chromium, and DejaVu Sans Mono to draw with
"""

from __future__ import annotations

import asyncio
import io
import re
import subprocess
import tempfile
from functools import partial
from pathlib import Path

from rich.console import Console

from monitor.cli import demo_daemon as demo
from monitor.cli.status.client import Choice, Client, Status
from monitor.cli.status.tables import seconds
from monitor.cli.status.view import Shown, as_screen
from monitor.config import Config
from monitor.embedded import replay

PICTURE = Path(__file__).resolve().parent.parent / "docs" / "images" / "status.png"
WIDTH, HEIGHT = 160, 36
PIXELS = 1280
"""The picture's width."""


async def asked() -> Status:
    """What a demo says as soon as it has all numbers."""
    stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
    config = Config.model_validate({"web": {"port": 0}})
    play = partial(replay, seconds=1)
    running = asyncio.create_task(demo.run(config, stop, play=play, listening=listening.set_result))
    async with Client(config, await listening) as client:
        while True:
            found = await client.ask(Choice())
            if found.status["ready"] and all(one["estimates"] for one in found.concentration):
                break
            await asyncio.sleep(0.5)
    stop.set()
    await running
    return found


def drawn(found: Status) -> str:
    """The screen as SVG, four minutes after the newest block, with letters that are on this machine."""
    console = Console(record=True, file=io.StringIO(), width=WIDTH, height=HEIGHT, force_terminal=True)
    shown = Shown(found, now=seconds(found.status["tip"]["time"]) + 240)
    console.print(as_screen(shown, width=WIDTH, height=HEIGHT))
    svg = console.export_svg(title="pool-monitor status --watch")
    return re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL).replace("Fira Code", "DejaVu Sans Mono")


def photograph(svg: str, picture: Path) -> None:
    """Let chromium draw it."""
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "page.html"
        page.write_text(f"<style>body{{margin:0}}svg{{width:{PIXELS}px}}</style>{svg}", "utf-8")
        width, height = map(float, re.findall(r'viewBox="0 0 (\S+) (\S+)"', svg)[0])
        subprocess.run(
            [
                "chromium", "--headless=new", "--no-sandbox", "--hide-scrollbars", f"--user-data-dir={folder}/profile",
                f"--window-size={PIXELS},{round(PIXELS * height / width)}", f"--screenshot={picture}", page.as_uri(),
            ],
            check=True, capture_output=True,
        )  # fmt: skip


def main() -> None:
    """Ask, draw, photograph."""
    photograph(drawn(asyncio.run(asked())), PICTURE)
    print(f"wrote {PICTURE}")


if __name__ == "__main__":
    main()
