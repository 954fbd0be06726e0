"""Draws every dashboard as Grafana lays it out, with the answers of a real Prometheus: a page and a picture of each.

PYTHONPATH=tests .venv/bin/python scripts/grafana_report.py FOLDER

Prometheus has 90 days of history from `pool-monitor export openmetrics`, and two minutes of a daemon in which much
happens. A curve over 90 days is drawn from the history; what is not exported is drawn from the two minutes.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from dashboards.drawn import Curve, Drawn, page
from support import dashboards as shipped
from support.browser import running
from support.dashboard_world import RIVAL, world
from support.prometheus import Prometheus, create_blocks
from support.services import free_port, get, program

from monitor.config import Config
from monitor.export.history import ExportOptions, export_history
from monitor.model import PoolSlug, Window

DAYS, STEP = 90, 6 * 3600
_PAST_BLOCKS = (DAYS + 31) * 144
"""As many days more as the longest window that is drawn."""
_LIVE_SECONDS = 120
_CHOSEN = {
    "datasource": "any",
    "level": "pool",
    "window": "30d",
    "unknown": "split",
    "trend": "30d",
    "pool": RIVAL,
    "entity": ".*",
}


@dataclass(frozen=True)
class Answers:
    """Asks Prometheus what the panels of a dashboard ask."""

    prometheus: Prometheus
    instance: str
    end_of_history: int

    def drawn(self, panel: Mapping[str, Any]) -> Drawn:
        """What a panel shows now, and its curves."""
        now = time.time()
        spans = ((self.end_of_history - DAYS * 86_400, self.end_of_history, STEP), (now - _LIVE_SECONDS, now, 1))
        for start, end, step in spans:
            curves = list(self._curves(panel, start, end, step=step))
            if curves:
                break
        return Drawn(panel, curves, list(self._newest(panel)), live=step == 1)

    def _curves(self, panel: Mapping[str, Any], start: float, end: float, *, step: int) -> Iterator[Curve]:
        for target in panel["targets"]:
            asked = {"query": self._filled(target["expr"], step), "start": start, "end": end, "step": step}
            for found in self._ask("query_range", asked):
                points = [(float(at), float(value)) for at, value in found["values"]]
                yield Curve(target["refId"], found["metric"], target.get("legendFormat", ""), points)

    def _newest(self, panel: Mapping[str, Any]) -> Iterator[Curve]:
        for target in panel["targets"]:
            for found in self._ask("query", {"query": self._filled(target["expr"], 1)}):
                at, value = found["value"]
                yield Curve(target["refId"], found["metric"], target.get("legendFormat", ""), [(at, float(value))])

    def _filled(self, expression: str, step: int) -> str:
        own = {"instance": self.instance, "__interval": f"{step}s", "__rate_interval": f"{max(4 * step, 60)}s"}
        return shipped.filled_in(expression, _CHOSEN | own)

    def _ask(self, kind: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        answer = json.loads(get(self.prometheus.port, f"/api/v1/{kind}?{urlencode(parameters)}"))
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found


async def pages() -> dict[str, str]:
    """The page of each dashboard, by its name."""
    with tempfile.TemporaryDirectory() as temporary:
        folder, port = Path(temporary), free_port()
        instance = f"127.0.0.1:{port}"
        async with world(folder, past=_PAST_BLOCKS, port=port, patience=5) as there:
            end = there.end
            history = folder / "history.txt"
            config = Config.model_validate(
                {"store": {"url": f"sqlite:///{folder / 'blocks.sqlite'}"}, "metrics": {"families": "all"}}
            )
            options = ExportOptions(
                STEP,
                [Window.parse("7d"), Window.parse("30d")],
                labels={"job": "pool-monitor", "instance": instance},
            )
            await export_history(config, options, history)
            kept = ("--storage.tsdb.retention.time=20y", f"--query.lookback-delta={STEP}s")
            prometheus = Prometheus(program("prometheus"), folder / "prometheus", port, interval="1s", arguments=kept)
            create_blocks(program("promtool"), history, prometheus.folder)
            with prometheus:
                await there.happen(prometheus)
                for number in range(_LIVE_SECONDS // 4):
                    there.node.mine(RIVAL if number % 3 else PoolSlug("viabtc"))
                    await asyncio.sleep(4)
                answers = Answers(prometheus, instance, end)
                return await asyncio.to_thread(_all, answers)


def _all(answers: Answers) -> dict[str, str]:
    return {
        name: page(board, [answers.drawn(panel) for panel in shipped.panels(board)])
        for name, board in shipped.load().items()
    }


async def main(folder: Path) -> int:
    """Write the pages and their pictures."""
    made = await pages()
    async with running(program("chromium")) as browser:
        view = await browser.new_page(viewport={"width": 1600, "height": 900})
        for name, text in made.items():
            file = folder / f"{name}.html"
            file.write_text(text, "utf-8")
            await view.goto(file.resolve().as_uri())
            await view.screenshot(path=folder / f"{name}.png", full_page=True)
            sys.stdout.write(f"wrote {file} and its picture; empty panels: {text.count('class=empty')}\n")
    return 0


if __name__ == "__main__":
    Path(sys.argv[1]).mkdir(parents=True, exist_ok=True)
    sys.exit(asyncio.run(main(Path(sys.argv[1]))))
