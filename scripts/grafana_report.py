"""Draws every dashboard as Grafana lays it out, with the answers of a real Prometheus: a page and a picture of each.

PYTHONPATH=tests .venv/bin/python scripts/grafana_report.py FOLDER            ask and draw
PYTHONPATH=tests .venv/bin/python scripts/grafana_report.py FOLDER --redraw   draw the answers of the last time

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
from typing import Any, TypeAlias
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

Answer: TypeAlias = tuple[str, dict[str, str], str, list[tuple[float, float]]]
"""A series: the query, its labels, the legend, and its points."""
Boards: TypeAlias = dict[str, dict[str, dict[str, Any]]]
"""Answers by dashboard and panel."""
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

    def of(self, panel: Mapping[str, Any]) -> dict[str, Any]:
        """What a panel shows now, and its curves."""
        now = time.time()
        spans = ((self.end_of_history - DAYS * 86_400, self.end_of_history, STEP), (now - _LIVE_SECONDS, now, 1))
        for start, end, step in spans:
            curves = list(self._curves(panel, start, end, step=step))
            if any(value for *_, points in curves for _, value in points):
                break  # zeros alone are what a query says that has no data: `or vector(0)`
        return {"curves": curves, "newest": list(self._newest(panel)), "live": step == 1}

    def _curves(self, panel: Mapping[str, Any], start: float, end: float, *, step: int) -> Iterator[Answer]:
        for target in panel["targets"]:
            asked = {"query": self._filled(target["expr"], step), "start": start, "end": end, "step": step}
            for found in self._ask("query_range", asked):
                points = [(float(at), float(value)) for at, value in found["values"]]
                yield target["refId"], found["metric"], self._legend(target), points

    def _newest(self, panel: Mapping[str, Any]) -> Iterator[Answer]:
        for target in panel["targets"]:
            for found in self._ask("query", {"query": self._filled(target["expr"], 1)}):
                at, value = found["value"]
                yield target["refId"], found["metric"], self._legend(target), [(at, float(value))]

    @staticmethod
    def _legend(target: Mapping[str, Any]) -> str:
        return str(target.get("legendFormat", "")).replace("$pool", _CHOSEN["pool"])

    def _filled(self, expression: str, step: int) -> str:
        own = {"instance": self.instance, "__interval": f"{step}s", "__rate_interval": f"{max(4 * step, 60)}s"}
        return shipped.filled_in(expression, _CHOSEN | own)

    def _ask(self, kind: str, parameters: Mapping[str, Any]) -> list[dict[str, Any]]:
        answer = json.loads(get(self.prometheus.port, f"/api/v1/{kind}?{urlencode(parameters)}"))
        found: list[dict[str, Any]] = answer["data"]["result"]
        return found


async def answered() -> Boards:
    """The answers of each panel of each dashboard."""
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


def _all(answers: Answers) -> Boards:
    return {
        name: {str(panel["id"]): answers.of(panel) for panel in shipped.panels(board)}
        for name, board in shipped.load().items()
    }


def _page(board: Mapping[str, Any], answers: Mapping[str, Mapping[str, Any]]) -> str:
    drawn = []
    for panel in shipped.panels(board):
        found = answers[str(panel["id"])]
        curves, newest = ([Curve(*each) for each in found[kind]] for kind in ("curves", "newest"))
        drawn.append(Drawn(panel, curves, newest, live=found["live"]))
    return page(board, drawn)


async def main(folder: Path, *, redraw: bool) -> int:
    """Write the pages and their pictures."""
    file = folder / "answers.json"
    boards: Boards = json.loads(file.read_text("utf-8")) if redraw else await answered()
    file.write_text(json.dumps(boards), "utf-8")
    async with running(program("chromium")) as browser:
        view = await browser.new_page(viewport={"width": 1600, "height": 900})
        for name, board in shipped.load().items():
            text = _page(board, boards[name])
            made = folder / f"{name}.html"
            made.write_text(text, "utf-8")
            await view.goto(made.resolve().as_uri())
            await view.screenshot(path=folder / f"{name}.png", full_page=True)
            sys.stdout.write(f"wrote {made} and its picture; panels without data: {text.count('class=empty')}\n")
    return 0


if __name__ == "__main__":
    target = Path(sys.argv[1])
    target.mkdir(parents=True, exist_ok=True)
    sys.exit(asyncio.run(main(target, redraw="--redraw" in sys.argv)))
